{{- define "gvDetails" -}}
{{- $gv := . -}}
{{ trim $gv.Doc }}

The kinds of `{{ $gv.GroupVersionString }}`, all namespaced:
{{ range $gv.SortedKinds }}
- {{ $gv.TypeForKind . | markdownRenderTypeLink }}
{{- end }}

What they mean together is in [Concepts](concepts.md). `kubectl explain contactsubmissions.spec` shows the same as this page.

## Kinds
{{ range $gv.SortedTypes }}
{{- if .GVK }}
{{ template "type" . }}
{{- end }}
{{- end }}
## Types
{{ range $gv.SortedTypes }}
{{- if not .GVK }}
{{- if markdownShouldRenderType . }}
{{ template "type" . }}
{{- end }}
{{- end }}
{{- end }}
{{- end -}}
