# The hub as an image: Node and the hub, no shell, no package manager, no root. Works with a read-only root file
# system. docker build -t wechat-token-hub .   (BuildKit, as every Docker since 23 has it)
#
# Base images and npm's registry can be replaced, in China for instance:
#   docker build -t wechat-token-hub --build-arg NPM_REGISTRY=https://registry.npmmirror.com/ \
#     --build-arg NODE_IMAGE=<mirror>/node:24.21.0-trixie-slim --build-arg RUNTIME_IMAGE=<mirror>/node:24.21.0-trixie-slim .
# Node's own image as RUNTIME_IMAGE has a shell and npm in it; the hub needs neither. The runtime image must have what
# the node binary is linked to (glibc, libstdc++, libgcc): test/deploy/image.spec.ts starts this Node and the hub in a
# root file system with no more. Node 26 needs libatomic too, which distroless has not: hence 24, an LTS until 2028-04.
ARG NODE_IMAGE=node:24.21.0-trixie-slim
ARG RUNTIME_IMAGE=gcr.io/distroless/cc-debian13:nonroot
ARG NPM_REGISTRY=https://registry.npmjs.org/

# What is built runs anywhere: only `node` itself is of the platform that the image is for.
FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS build
ARG NPM_REGISTRY
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
RUN npm ci --registry=${NPM_REGISTRY}
COPY . .
RUN npm run build

FROM --platform=$BUILDPLATFORM ${NODE_IMAGE} AS production
ARG NPM_REGISTRY
WORKDIR /app
COPY package.json package-lock.json .npmrc ./
# No scripts: none of the packages that run need theirs, and what installs itself cannot do anything else.
# typescript comes as a peer of @nestjs/swagger, whose build-time plug-in alone uses it; nobody calls .bin.
# fs-native-extensions brings its library for each system, compiled: those of Linux stay, for both kinds of processor.
RUN npm ci --registry=${NPM_REGISTRY} --omit=dev --ignore-scripts && rm -rf node_modules/typescript node_modules/.bin && \
    find node_modules/fs-native-extensions/prebuilds -mindepth 1 -maxdepth 1 ! -name 'linux-*' -exec rm -r {} +

FROM ${NODE_IMAGE} AS node

FROM ${RUNTIME_IMAGE} AS final
# x-release-please-start-version
ARG VERSION=0.1.0
# x-release-please-end
ARG REVISION=unknown
ARG CREATED=unknown
LABEL org.opencontainers.image.title="wechat-token-hub" \
      org.opencontainers.image.description="A central server for WeChat access_tokens: many apps, many teams, one place that fetches, keeps and renews." \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}" \
      org.opencontainers.image.created="${CREATED}"
COPY --from=node /usr/local/bin/node /usr/local/bin/node
WORKDIR /app
COPY package.json LICENSE ./
COPY --from=production /app/node_modules ./node_modules
COPY --from=build /app/dist ./dist
# Mounted as folders: a file that is mounted by itself does not change when its ConfigMap does.
ENV NODE_ENV=production \
    HUB_APPS_FILE=/etc/wechat-token-hub/config/apps.yaml
# A number, so that Kubernetes can see that it is not root.
USER 65532:65532
EXPOSE 3000 9090
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=30s --timeout=5s --start-period=15s --retries=3 \
  CMD ["/usr/local/bin/node", "-e", "fetch(`http://127.0.0.1:${process.env.HUB_OPS_PORT || 9090}/livez`).then((answer) => process.exit(answer.ok ? 0 : 1), () => process.exit(1))"]
# The flag keeps V8 from giving up a quarter of the speed after 75 s of idleness; it works on the command line only.
ENTRYPOINT ["/usr/local/bin/node", "--no-memory-reducer"]
CMD ["dist/main.js"]
