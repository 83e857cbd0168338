import { Body, Controller, HttpCode, Param, Post, Req, Res } from '@nestjs/common';
import { ApiBearerAuth, ApiBody, ApiOperation, ApiParam, ApiResponse, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { AccessGuard } from '../web/access.guard.js';
import { grantedActor, type AppRequest } from '../web/app-request.js';
import { notGranted } from '../web/denial.js';
import { HubException } from '../web/hub-exception.js';
import { May } from '../web/may.decorator.js';
import { APPID_SCHEMA, ApiProblems, GUARD_PROBLEMS } from '../http/token.openapi.js';
import { LoginBody, OauthAnswer, SessionAnswer } from './login.openapi.js';
import { Logins } from './logins.service.js';
import { problemOfLogin } from './problems.js';
import { codeIn } from './rules/ask.js';
import type { LoginKind } from './rules/outcome.js';

const LOGIN_PROBLEMS = [
  ...GUARD_PROBLEMS,
  'HUB_TOO_LARGE',
  'HUB_LOGIN_REFUSED',
  'HUB_UPSTREAM_FAILED',
  'HUB_LOGIN_UNAVAILABLE',
] as const;

/** Users log in by the hub: a code goes in, what WeChat says of the user comes back, and the AppSecret stays here. */
@Controller()
@ApiTags('callers')
@ApiBearerAuth()
@ApiParam({ name: 'appid', schema: APPID_SCHEMA })
export class LoginController {
  constructor(
    private readonly logins: Logins,
    private readonly guard: AccessGuard,
  ) {}

  @Post('v1/apps/:appid/login/session')
  @HttpCode(200)
  @May('login')
  @ApiBody({ type: LoginBody })
  @ApiOperation({ summary: 'A mini program’s user, by the code of wx.login', operationId: 'loginSession' })
  @ApiResponse({ status: 200, description: 'The user', type: SessionAnswer })
  @ApiProblems(...LOGIN_PROBLEMS)
  session(
    @Req() request: AppRequest,
    @Res() reply: FastifyReply,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<void> {
    return this.#login('session', request, reply, appid, body);
  }

  @Post('v1/apps/:appid/login/oauth')
  @HttpCode(200)
  @May('login')
  @ApiBody({ type: LoginBody })
  @ApiOperation({ summary: 'A web login’s user, by the code of the redirect', operationId: 'loginOauth' })
  @ApiResponse({ status: 200, description: 'The user and the user’s token', type: OauthAnswer })
  @ApiProblems(...LOGIN_PROBLEMS)
  oauth(
    @Req() request: AppRequest,
    @Res() reply: FastifyReply,
    @Param('appid') appid: string,
    @Body() body: unknown,
  ): Promise<void> {
    return this.#login('oauth', request, reply, appid, body);
  }

  async #login(
    kind: LoginKind,
    request: AppRequest,
    reply: FastifyReply,
    appid: string,
    body: unknown,
  ): Promise<void> {
    const code = codeIn(body);
    if (code === undefined) {
      throw new HubException(
        'HUB_BAD_REQUEST',
        'The body is {"code": "what wx.login or WeChat’s redirect gave"}.',
      );
    }
    const { verdict } = request;
    // The guard lets nobody pass without a verdict.
    if (verdict?.ok !== true) throw notGranted();
    const login = this.logins.login({ kind, appid, code, caller: grantedActor(verdict, request) });
    const answer = await this.guard.during(request, reply, login);
    if (reply.sent) return;
    if (answer.kind !== 'granted') throw problemOfLogin(answer);
    const { errcode: _errcode, errmsg: _errmsg, ...user } = answer.fields;
    void reply
      .header('content-type', 'application/json; charset=utf-8')
      .header('cache-control', 'no-store')
      .send(JSON.stringify(user));
  }
}
