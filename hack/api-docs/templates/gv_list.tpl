{{- define "gvList" -}}
<!-- Written by "make docs" from the types in api/. Change those, not this. -->
# API reference
{{ range . }}
{{ template "gvDetails" . }}
{{- end }}
{{- end -}}
