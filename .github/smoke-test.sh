#!/usr/bin/env bash
# .github/smoke-test.sh IMAGE: the simulator and the hub of docker-compose.yaml, without Redis; a token comes out.
set -euo pipefail
cd "$(dirname "$0")/.."
image=$1
harden=(--read-only --cap-drop ALL --security-opt no-new-privileges --network smoke)
key=demo-key-of-docker-compose-not-a-secret
docker network create smoke
trap 'docker logs hub || true; docker rm -f hub simulator >/dev/null 2>&1; docker network rm smoke >/dev/null' EXIT
mapfile -t simulator < <(docker compose config --format json | jq -r '.services.simulator.command[]')
docker run -d --name simulator "${harden[@]}" "$image" "${simulator[@]}"
docker run -d --name hub "${harden[@]}" -p 127.0.0.1:3000:3000 -p 127.0.0.1:9090:9090 \
  -v "$PWD/deploy/compose:/etc/wechat-token-hub/config:ro" -e HUB_WECHAT_BASE_URL=http://simulator:8080 "$image"
curl -fsS --retry 30 --retry-delay 1 --retry-all-errors http://127.0.0.1:9090/readyz
curl -fsS -H "Authorization: Bearer $key" http://127.0.0.1:3000/v1/apps/wxdemo000000000001/token | jq -e '.expires_in > 0'
docker stop --time 10 hub
test "$(docker inspect --format '{{.State.ExitCode}}' hub)" = 0
