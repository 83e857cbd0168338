{{- define "hub.name" -}}
{{ default .Chart.Name .Values.nameOverride | trunc 63 | trimSuffix "-" }}
{{- end }}

{{- define "hub.fullname" -}}
{{- $name := include "hub.name" . }}
{{- if .Values.fullnameOverride }}
{{- .Values.fullnameOverride | trunc 50 | trimSuffix "-" }}
{{- else if contains $name .Release.Name }}
{{- .Release.Name | trunc 50 | trimSuffix "-" }}
{{- else }}
{{- printf "%s-%s" .Release.Name $name | trunc 50 | trimSuffix "-" }}
{{- end }}
{{- end }}

{{- define "hub.selectorLabels" -}}
app.kubernetes.io/name: {{ include "hub.name" . }}
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "hub.labels" -}}
{{ include "hub.selectorLabels" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version | replace "+" "_" }}
{{- with .Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hub.serviceAccountName" -}}
{{- if .Values.serviceAccount.create }}
{{- default (include "hub.fullname" .) .Values.serviceAccount.name }}
{{- else }}
{{- default "default" .Values.serviceAccount.name }}
{{- end }}
{{- end }}

{{- define "hub.image" -}}
{{- if .Values.image.digest }}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest }}
{{- else }}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) }}
{{- end }}
{{- end }}

{{- /* The Secret with HUB_REDIS_URL; empty: there is no Redis. */ -}}
{{- define "hub.redisSecret" -}}
{{- if .Values.redis.existingSecret }}
{{- .Values.redis.existingSecret }}
{{- else if .Values.redis.url }}
{{- printf "%s-redis" (include "hub.fullname" .) }}
{{- end }}
{{- end }}

{{- /* What the schema cannot say. Fails, or is empty. */ -}}
{{- define "hub.validate" -}}
{{- if and (or .Values.autoscaling.enabled (gt (int .Values.replicas) 1)) (not (include "hub.redisSecret" .)) }}
{{- fail "more than one replica needs Redis: hubs with memory stores would each fetch tokens of their own and invalidate each other's. Set redis.url or redis.existingSecret, or replicas: 1 and autoscaling.enabled: false" }}
{{- end }}
{{- if and .Values.redis.url .Values.redis.existingSecret }}
{{- fail "redis.url and redis.existingSecret: keep one" }}
{{- end }}
{{- $places := 0 }}
{{- range list .Values.appSecrets.create .Values.appSecrets.existingSecret .Values.appSecrets.existingSecrets }}
{{- if . }}{{ $places = add1 $places }}{{ end }}
{{- end }}
{{- if gt (int $places) 1 }}
{{- fail "appSecrets.create, appSecrets.existingSecret and appSecrets.existingSecrets: keep one" }}
{{- end }}
{{- range $name := list "extraVolumes" "extraContainers" "initContainers" }}
{{- range index $.Values $name }}
{{- if has .name (list "config" "appsecrets" "tls" "hub") }}
{{- fail (printf "%s: the chart has a %q of its own; take another name" $name .name) }}
{{- end }}
{{- end }}
{{- end }}
{{- if lt (int .Values.terminationGracePeriodSeconds) (int (add (int .Values.preStopSleepSeconds) 10)) }}
{{- fail "terminationGracePeriodSeconds must be at least preStopSleepSeconds + 10: the hub takes up to 9.5 s to end" }}
{{- end }}
{{- end }}

{{- /* What the hub's process gets, in the Deployment and in the test. */ -}}
{{- define "hub.env" -}}
- name: HUB_APPS_FILE
  value: /etc/wechat-token-hub/config{{ if not .Values.tenants }}/apps.yaml{{ end }}
{{- if .Values.tenants }}
- name: HUB_SECRETS_DIR
  value: /etc/wechat-token-hub/tenants
{{- end }}
{{- with include "hub.redisSecret" . }}
- name: HUB_REDIS_URL
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ if $.Values.redis.existingSecret }}{{ $.Values.redis.existingSecretKey }}{{ else }}url{{ end }}
{{- end }}
{{- with .Values.encryption.existingSecret }}
- name: HUB_ENCRYPTION_KEYS
  valueFrom:
    secretKeyRef:
      name: {{ . }}
      key: {{ $.Values.encryption.existingSecretKey }}
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: HUB_TLS_CERT_FILE
  value: /etc/wechat-token-hub/tls/tls.crt
- name: HUB_TLS_KEY_FILE
  value: /etc/wechat-token-hub/tls/tls.key
{{- if .Values.tls.requireClientCertificate }}
- name: HUB_TLS_CLIENT_CA_FILE
  value: /etc/wechat-token-hub/tls/ca.crt
{{- end }}
{{- end }}
{{- range $name, $value := .Values.env }}
- name: {{ $name }}
  value: {{ $value | quote }}
{{- end }}
{{- with .Values.extraEnv }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- /* Of the AppSecrets of a tenant, whose name may be no name of a volume. */ -}}
{{- define "hub.tenantVolume" -}}
{{ printf "tenant-%s" (sha256sum . | trunc 12) }}
{{- end }}

{{- /* Whole folders, never subPath: only then do changes reach the hub. */ -}}
{{- define "hub.volumeMounts" -}}
- name: config
  mountPath: /etc/wechat-token-hub/config
  readOnly: true
- name: appsecrets
  mountPath: /etc/wechat-token-hub/secrets
  readOnly: true
{{- range $name, $tenant := .Values.tenants }}
{{- with $tenant.secret }}
- name: {{ include "hub.tenantVolume" $name }}
  mountPath: /etc/wechat-token-hub/tenants/{{ $name }}
  readOnly: true
{{- end }}
{{- end }}
{{- if .Values.serviceAccountIssuer.enabled }}
- name: issuer
  mountPath: /var/run/secrets/wechat-token-hub/issuer
  readOnly: true
{{- end }}
{{- if .Values.tls.existingSecret }}
- name: tls
  mountPath: /etc/wechat-token-hub/tls
  readOnly: true
{{- end }}
{{- with .Values.extraVolumeMounts }}
{{ toYaml . }}
{{- end }}
{{- end }}

{{- define "hub.volumes" -}}
- name: config
  {{- if .Values.tenants }}
  {{- $own := false }}
  {{- /* Under which name a team's file appears is decided here: no team can name itself another. */}}
  projected:
    sources:
      - configMap:
          name: {{ default (include "hub.fullname" .) .Values.existingConfigMap }}
          items:
            - key: apps.yaml
              path: hub.yaml
      {{- range $name, $tenant := .Values.tenants }}
      {{- if $tenant.config }}{{ $own = true }}{{ end }}
      {{- with $tenant.configMap }}
      - configMap:
          name: {{ . }}
          optional: true
          items:
            - key: {{ default "team.yaml" $tenant.configMapKey }}
              path: {{ printf "%s.yaml" $name | quote }}
      {{- end }}
      {{- end }}
      {{- if $own }}
      - configMap:
          name: {{ include "hub.fullname" . }}-tenants
      {{- end }}
  {{- else }}
  configMap:
    name: {{ default (include "hub.fullname" .) .Values.existingConfigMap }}
  {{- end }}
{{- range $name, $tenant := .Values.tenants }}
{{- with $tenant.secret }}
- name: {{ include "hub.tenantVolume" $name }}
  secret:
    secretName: {{ . }}
    defaultMode: 288
    optional: true
{{- end }}
{{- end }}
{{- if .Values.serviceAccountIssuer.enabled }}
- name: issuer
  projected:
    defaultMode: 288
    sources:
      - serviceAccountToken:
          path: token
          expirationSeconds: 3600
      - configMap:
          name: kube-root-ca.crt
          items:
            - key: ca.crt
              path: ca.crt
{{- end }}
- name: appsecrets
  {{- /* 288 is 0440. Optional: a secret file that is missing is named by the hub, with the line of apps.yaml. */}}
  {{- if .Values.appSecrets.existingSecrets }}
  projected:
    defaultMode: 288
    sources:
      {{- range .Values.appSecrets.existingSecrets }}
      - secret:
          name: {{ . }}
          optional: true
      {{- end }}
  {{- else }}
  secret:
    secretName: {{ default (printf "%s-appsecrets" (include "hub.fullname" .)) .Values.appSecrets.existingSecret }}
    defaultMode: 288
    optional: true
  {{- end }}
{{- with .Values.tls.existingSecret }}
- name: tls
  secret:
    secretName: {{ . }}
    defaultMode: 288
{{- end }}
{{- with .Values.extraVolumes }}
{{ toYaml . }}
{{- end }}
{{- end }}
