import cn.binarywang.wx.miniapp.api.WxMaService;
import cn.binarywang.wx.miniapp.api.impl.WxMaServiceImpl;
import cn.binarywang.wx.miniapp.bean.WxMaSubscribeMessage;
import cn.binarywang.wx.miniapp.config.impl.WxMaDefaultConfigImpl;
import com.google.gson.Gson;
import com.google.gson.JsonObject;
import com.google.gson.JsonParser;
import java.io.BufferedReader;
import java.io.InputStreamReader;
import java.io.PrintStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import me.chanjar.weixin.common.bean.WxJsapiSignature;
import me.chanjar.weixin.common.enums.TicketType;
import me.chanjar.weixin.common.error.WxErrorException;
import me.chanjar.weixin.mp.api.WxMpService;
import me.chanjar.weixin.mp.api.impl.WxMpServiceImpl;
import me.chanjar.weixin.mp.config.WxMpHostConfig;
import me.chanjar.weixin.mp.config.impl.WxMpDefaultConfigImpl;
import me.chanjar.weixin.mp.enums.WxMpApiUrl;

/**
 * WxJava, set up by the lines of docs/sdks.md (Documented.java, which is made of them): `mp` for official accounts,
 * `ma` for mini programs. One request a line on stdin, one answer a line on stdout.
 */
public final class Driver {
    static String hub;
    static String appid;
    static String key;
    private static final Gson GSON = new Gson();

    /** What the tests ask of either kind. */
    interface Backend {
        String token() throws WxErrorException;

        String stableToken() throws WxErrorException;

        WxJsapiSignature signature(String url) throws WxErrorException;

        Object call() throws WxErrorException;

        Object login(String code) throws WxErrorException;
    }

    static final class OfficialAccount implements Backend {
        private final WxMpService atHub = new WxMpServiceImpl();
        private final WxMpService stable = new WxMpServiceImpl();
        private final WxMpService calls;

        OfficialAccount(String wechat, boolean everything) {
            atHub.setWxMpConfigStorage(Documented.officialAccount());
            WxMpDefaultConfigImpl withStable = Documented.officialAccount();
            withStable.useStableAccessToken(true);
            stable.setWxMpConfigStorage(withStable);
            calls = everything ? atHub : Documented.tokensOnly();
            if (everything) return;
            WxMpHostConfig hosts = new WxMpHostConfig();
            hosts.setApiHost(wechat);
            WxMpDefaultConfigImpl config = new WxMpDefaultConfigImpl();
            config.setAppId(appid);
            config.setSecret(key);
            config.setHostConfig(hosts);
            calls.setWxMpConfigStorage(config);
        }

        public String token() throws WxErrorException {
            return calls.getAccessToken();
        }

        public String stableToken() throws WxErrorException {
            return stable.getAccessToken();
        }

        public WxJsapiSignature signature(String url) throws WxErrorException {
            return atHub.createJsapiSignature(url);
        }

        public Object call() throws WxErrorException {
            String message = "{\"touser\":\"somebody\",\"template_id\":\"t\"}";
            return JsonParser.parseString(calls.post(WxMpApiUrl.TemplateMsg.MESSAGE_TEMPLATE_SEND, message));
        }

        public Object login(String code) throws WxErrorException {
            return Map.of("openid", atHub.getOAuth2Service().getAccessToken(code).getOpenId());
        }

        /** For `cardTicket` and `sdkTicket`, which mini programs do not have. */
        String ticket(TicketType type) throws WxErrorException {
            return atHub.getTicket(type);
        }
    }

    static final class MiniProgram implements Backend {
        private final WxMaService atHub = new WxMaServiceImpl();
        private final WxMaService stable = new WxMaServiceImpl();
        private final WxMaService calls = new WxMaServiceImpl();

        MiniProgram(String wechat, boolean everything) {
            atHub.setWxMaConfig(Documented.miniProgram());
            WxMaDefaultConfigImpl tokensOnly = Documented.miniProgramTokensOnly();
            tokensOnly.setApiHostUrl(wechat);
            calls.setWxMaConfig(everything ? Documented.miniProgram() : tokensOnly);
            WxMaDefaultConfigImpl withStable = Documented.miniProgramStableTokensOnly();
            withStable.setApiHostUrl(wechat);
            stable.setWxMaConfig(withStable);
        }

        public String token() throws WxErrorException {
            return calls.getAccessToken();
        }

        public String stableToken() throws WxErrorException {
            return stable.getAccessToken();
        }

        public WxJsapiSignature signature(String url) throws WxErrorException {
            return atHub.getJsapiService().createJsapiSignature(url);
        }

        public Object call() throws WxErrorException {
            calls.getMsgService().sendSubscribeMsg(WxMaSubscribeMessage.builder().toUser("somebody").templateId("t").build());
            return Map.of("errcode", 0);
        }

        public Object login(String code) throws WxErrorException {
            return Map.of("openid", atHub.jsCode2SessionInfo(code).getOpenid());
        }
    }

    private static Backend backend;

    private static Object act(String method, List<String> args) throws Exception {
        switch (method) {
            case "connect":
                appid = args.get(0);
                key = args.get(1);
                hub = args.get(2);
                boolean everything = args.get(4).equals("everything");
                boolean mp = args.get(5).equals("mp");
                backend = mp ? new OfficialAccount(args.get(3), everything) : new MiniProgram(args.get(3), everything);
                return null;
            case "token":
                return backend.token();
            case "stableToken":
                return backend.stableToken();
            case "signature":
                return backend.signature(args.get(0));
            case "call":
                return backend.call();
            case "session":
            case "oauth":
                return backend.login(args.get(0));
            case "ticket":
                return ((OfficialAccount) backend).ticket(TicketType.valueOf(args.get(0)));
            case "cold":
                return cold(Integer.parseInt(args.get(0)));
            default:
                throw new IllegalArgumentException(method);
        }
    }

    private static List<String> cold(int times) throws Exception {
        ExecutorService pool = Executors.newFixedThreadPool(times);
        try {
            Callable<String> one = backend::token;
            List<String> tokens = new ArrayList<>();
            for (Future<String> token : pool.invokeAll(java.util.Collections.nCopies(times, one))) tokens.add(token.get());
            return tokens;
        } finally {
            pool.shutdown();
        }
    }

    public static void main(String[] unused) throws Exception {
        PrintStream answers = System.out;
        System.setOut(System.err);
        BufferedReader requests = new BufferedReader(new InputStreamReader(System.in, "UTF-8"));
        for (String line = requests.readLine(); line != null; line = requests.readLine()) {
            JsonObject request = JsonParser.parseString(line).getAsJsonObject();
            List<String> args = new ArrayList<>();
            request.getAsJsonArray("args").forEach(arg -> args.add(arg.getAsString()));
            Map<String, Object> answer = new HashMap<>();
            answer.put("id", request.get("id").getAsInt());
            try {
                answer.put("value", act(request.get("method").getAsString(), args));
            } catch (WxErrorException error) {
                answer.put("errcode", error.getError().getErrorCode());
                answer.put("error", error.toString());
            } catch (Exception error) {
                answer.put("error", error.toString());
            }
            answers.println(GSON.toJson(answer));
            answers.flush();
        }
    }
}
