{{- define "type_members" -}}
| `{{ .Name }}` | {{ markdownRenderType .Type }} | {{ if eq .Name "metadata" }}name, namespace, labels, annotations{{ else }}{{ .Doc | replace "\n" " " | replace "|" "\\|" | trim }}{{ end }} | {{ with .Default }}`{{ . }}`{{ end }} | {{ template "limits" .Validation }} |
{{- end -}}

{{- define "limits" -}}
{{- $further := false -}}
{{- range . -}}
{{- if not (hasPrefix "Optional" .) -}}
{{- if $further }}<br>{{ end -}}{{- $further = true -}}
{{- if hasPrefix "Required" . }}**required**{{ else }}{{ template "rule" . }}{{ end -}}
{{- end -}}
{{- end -}}
{{- end -}}
