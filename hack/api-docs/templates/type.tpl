{{- define "type" -}}
{{- $type := . -}}
### {{ $type.Name }}

{{ $type.Doc }}
{{ if $type.IsAlias }}
A {{ markdownRenderTypeLink $type.UnderlyingType }}{{ range $type.Validation }}{{ if not (and $type.EnumValues (hasPrefix "Enum:" .)) }}; {{ template "rule" . }}{{ end }}{{ end }}.
{{ end }}
{{- if $type.References }}
Used by {{ range $i, $t := $type.SortedReferences }}{{ if $i }}, {{ end }}{{ markdownRenderTypeLink $t }}{{ end }}.
{{ end }}
{{- if $type.Members }}
| field | type | what it is | default | limits |
| --- | --- | --- | --- | --- |
{{ range $type.Members -}}
{{ template "type_members" . }}
{{ end }}
{{- end }}
{{- if $type.EnumValues }}
| value | meaning |
| --- | --- |
{{ range $type.EnumValues -}}
| `{{ .Name }}` | {{ regexReplaceAll "^[A-Z]\\w*: " .Doc "" | replace "\n" " " | replace "|" "\\|" | trim }} |
{{ end }}
{{- end }}
{{- end -}}

{{- /* A limit, written as "MaxLength: 63" or "Pattern: `^a|b$`". Large numbers come as 3.1536e+07. */ -}}
{{- define "rule" -}}
{{- if regexMatch "^\\w+: [0-9.]+e\\+[0-9]+" . -}}
{{ regexFind "^\\w+: " . }}{{ regexFind "[0-9.]+e\\+[0-9]+" . | float64 | int64 }}
{{- else -}}
{{ replace "|" "\\|" . | trim }}
{{- end -}}
{{- end -}}
