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
{{- if and .Values.appSecrets.create .Values.appSecrets.existingSecret }}
{{- fail "appSecrets.create and appSecrets.existingSecret: keep one" }}
{{- end }}
{{- if lt (int .Values.terminationGracePeriodSeconds) (int (add (int .Values.preStopSleepSeconds) 10)) }}
{{- fail "terminationGracePeriodSeconds must be at least preStopSleepSeconds + 10: the hub takes up to 9.5 s to end" }}
{{- end }}
{{- end }}
