package main

import "html/template"

// page places panels as Grafana does: 24 columns, rows of 30 pixels.
var page = template.Must(template.New("page").Funcs(template.FuncMap{
	"left": func(x int) float64 { return float64(x) / 24 * 100 },
	"down": func(y int) int { return y * 38 },
}).Parse(`<!doctype html>
<html lang="en"><meta charset="utf-8"><title>{{.Title}}</title>
<style>
body { background: #111217; color: #ccccdc; font: 13px/1.3 sans-serif; margin: 8px; }
main { position: relative; }
section { position: absolute; box-sizing: border-box; padding: 4px; }
section > div { background: #181b1f; border: 1px solid #2c3235; border-radius: 2px; height: 100%; box-sizing: border-box; padding: 6px 8px; display: flex; flex-direction: column; overflow: hidden; }
section.row > div { background: none; border: none; font-weight: bold; }
h2 { font-size: 13px; margin: 0 0 4px; }
dl { margin: 0; flex: 1; display: flex; flex-direction: column; justify-content: space-around; }
dl div { display: flex; justify-content: space-between; align-items: baseline; }
dt { color: #8e8e9d; } dd { margin: 0; font-size: 22px; font-weight: 500; }
svg { flex: 1; width: 100%; min-height: 0; border-bottom: 1px solid #333; border-top: 1px dashed #333; }
small { color: #8e8e9d; } ul { list-style: none; margin: 4px 0 0; padding: 0; display: flex; flex-wrap: wrap; gap: 0 12px; font-size: 11px; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: 2px 6px; border-bottom: 1px solid #2c3235; } th { color: #8ab8ff; }
td:first-child { color: #ff9830; }
</style>
<main>
{{range .Panels}}<section class="{{.Type}}" style="left: {{left .Position.X}}%; width: {{left .Position.W}}%; top: {{down .Position.Y}}px; height: {{down .Position.H}}px"><div>
<h2>{{.Title}}</h2>
{{if eq .Type "stat"}}<dl>{{range .Values}}<div><dt>{{.Name}}</dt><dd style="color: {{.Color}}">{{.Text}}</dd></div>{{end}}</dl>
{{else if eq .Type "table"}}{{if .Rows}}<table><tr>{{range .Header}}<th>{{.}}</th>{{end}}</tr>{{range .Rows}}<tr>{{range .}}<td>{{.}}</td>{{end}}</tr>{{end}}</table>{{else}}<p>{{.FieldConfig.Defaults.NoValue}}</p>{{end}}
{{else if eq .Type "timeseries"}}<small>{{if .Lines}}{{.Top}}{{else}}No data{{end}}</small>
<svg viewBox="0 0 100 100" preserveAspectRatio="none">{{range .Lines}}<path d="{{.Area}}" fill="{{.Color}}" fill-opacity=".12"/><path d="{{.Path}}" fill="none" stroke="{{.Color}}" stroke-width="1.5" vector-effect="non-scaling-stroke"/>{{end}}</svg>
<ul>{{range .Lines}}<li style="color: {{.Color}}">{{.Name}} <small>{{.Last}}</small></li>{{end}}</ul>{{end}}
</div></section>
{{end}}</main></html>
`))
