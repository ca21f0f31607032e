package main

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"

	"github.com/contact-operator/contact-operator/hack/dashboard/board"
)

// drawn is a panel as the page shows it.
type drawn struct {
	board.Panel
	Values []shown    // of a stat
	Header []string   // of a table
	Rows   [][]string // likewise
	Lines  []line     // of curves
	Top    string     // what the upper edge stands for
}

// shown is one value with its name.
type shown struct{ Name, Text, Color string }

// line is one curve: a path in a box of 100 by 100.
type line struct {
	Name, Color, Last string
	Path, Area        template.CSS
}

var palette = []string{"#73bf69", "#f2cc0c", "#8ab8ff", "#ff780a", "#f2495c", "#5794f2", "#b877d9", "#37872d", "#fade2a", "#ca95e5"}

var colors = map[string]string{"text": "#ccccdc", "red": "#f2495c", "orange": "#ff9830", "green": "#73bf69"}

func draw(ctx context.Context, p prometheus, b *board.Board, panel board.Panel) (drawn, error) {
	d := drawn{Panel: panel}
	var all []curve
	var names []string
	for _, t := range panel.Targets {
		curves, err := p.curves(ctx, b.Query(t))
		if err != nil {
			return d, err
		}
		if panel.Type == "stat" {
			d.Values = append(d.Values, stat(panel, t, curves))
			continue
		}
		slices.SortFunc(curves, func(a, b curve) int { return cmp.Compare(legend(t, a), legend(t, b)) })
		for _, c := range curves {
			all, names = append(all, c), append(names, legend(t, c))
		}
	}
	switch panel.Type {
	case "table":
		d.table(all)
	case "timeseries":
		d.plot(all, names)
	}
	return d, nil
}

func legend(t board.Target, c curve) string {
	name := t.Legend
	for label, value := range c.Labels {
		name = strings.ReplaceAll(name, "{{"+label+"}}", value)
	}
	return strings.TrimSpace(strings.Join(strings.FieldsFunc(name, func(r rune) bool { return r == '{' || r == '}' }), ""))
}

// stat is the last value of a query, with the text and the colour that the panel gives it.
func stat(panel board.Panel, t board.Target, curves []curve) shown {
	field := panel.FieldConfig.Defaults
	for _, o := range panel.FieldConfig.Overrides {
		if o.Matcher.Options != t.RefID {
			continue
		}
		for _, p := range o.Properties {
			var own board.Field // not into field: that would write into the panel's defaults
			into := map[string]any{"unit": &own.Unit, "mappings": &own.Mappings, "thresholds": &own.Thresholds, "decimals": &own.Decimals}[p.ID]
			if into == nil || json.Unmarshal(p.Value, into) != nil {
				continue
			}
			field.Unit, field.Decimals = cmp.Or(own.Unit, field.Unit), cmp.Or(own.Decimals, field.Decimals)
			field.Thresholds = cmp.Or(own.Thresholds, field.Thresholds)
			if own.Mappings != nil {
				field.Mappings = own.Mappings
			}
		}
	}
	value := math.NaN()
	if len(curves) > 0 {
		value = curves[0].last()
	}
	s := shown{Name: t.Legend, Text: format(value, field), Color: colors["text"]}
	if field.Thresholds != nil && !math.IsNaN(value) {
		for _, step := range field.Thresholds.Steps {
			if step.Value == nil || value >= *step.Value {
				s.Color = colors[step.Color]
			}
		}
	}
	for _, m := range field.Mappings {
		var options map[string]struct{ Text, Color string }
		if m.Type == "value" && json.Unmarshal(m.Options, &options) == nil {
			if mapped, there := options[fmt.Sprint(value)]; there {
				s.Text, s.Color = mapped.Text, colors[mapped.Color]
			}
		}
	}
	return s
}

// table has a row for each series that is there now.
func (d *drawn) table(curves []curve) {
	d.Header = []string{"severity", "alertname", "namespace", "pipeline", "integration", "stage", "class", "submissions"}
	for _, c := range curves {
		now := c.Values[len(c.Values)-1]
		if math.IsNaN(now) {
			continue
		}
		var row []string
		for _, label := range d.Header[:len(d.Header)-1] {
			row = append(row, c.Labels[label])
		}
		d.Rows = append(d.Rows, append(row, fmt.Sprint(now)))
	}
}

// plot draws curves, one on the other where the panel stacks them.
func (d *drawn) plot(curves []curve, names []string) {
	field := d.FieldConfig.Defaults
	stacked := field.Custom.Stacking.Mode == "normal"
	sums := make([]float64, points+1)
	top := 0.0
	heights := make([][]float64, len(curves))
	for i, c := range curves {
		heights[i] = slices.Clone(c.Values)
		for j, v := range heights[i] {
			if math.IsNaN(v) {
				continue
			}
			if stacked {
				sums[j] += v
				heights[i][j] = sums[j]
			}
			top = max(top, heights[i][j])
		}
	}
	if field.Max != nil {
		top = *field.Max
	}
	if top == 0 {
		top = 1
	}
	d.Top = format(top, field)
	for i, c := range curves {
		l := line{Name: names[i], Color: palette[i%len(palette)], Last: format(c.last(), field)}
		l.Path, l.Area = path(heights[i], top)
		d.Lines = append(d.Lines, l)
	}
	if stacked {
		slices.Reverse(d.Lines) // the lowest is drawn last
	}
}

func path(values []float64, top float64) (stroke, area template.CSS) {
	var s, a strings.Builder
	begun, from := false, 0.0
	for i, v := range values {
		x, y := 100*float64(i)/points, 100-100*min(v/top, 1)
		switch {
		case math.IsNaN(v) && begun:
			begun = false
			fmt.Fprintf(&a, "L%.2f 100L%.2f 100Z", 100*float64(i-1)/points, from)
		case math.IsNaN(v):
		case !begun:
			begun, from = true, x
			fmt.Fprintf(&s, "M%.2f %.2f", x, y)
			fmt.Fprintf(&a, "M%.2f %.2f", x, y)
		default:
			fmt.Fprintf(&s, "L%.2f %.2f", x, y)
			fmt.Fprintf(&a, "L%.2f %.2f", x, y)
		}
	}
	if begun {
		fmt.Fprintf(&a, "L100 100L%.2f 100Z", from)
	}
	return template.CSS(s.String()), template.CSS(a.String()) //nolint:gosec // numbers
}

// format writes a value with its unit, as short as Grafana does.
func format(v float64, f board.Field) string {
	if math.IsNaN(v) {
		return cmp.Or(f.NoValue, "–")
	}
	number := func(v float64) string {
		decimals := 0
		switch {
		case f.Decimals != nil:
			decimals = *f.Decimals
		case v != math.Trunc(v) && math.Abs(v) < 10:
			decimals = 2
		case v != math.Trunc(v) && math.Abs(v) < 100:
			decimals = 1
		}
		return fmt.Sprintf("%.*f", decimals, v)
	}
	switch f.Unit {
	case "percentunit":
		return number(100*v) + " %"
	case "reqps":
		return number(v) + " req/s"
	case "wps":
		return number(v) + " wr/s"
	case "bytes":
		return number(v/(1<<20)) + " MiB"
	case "s":
		return duration(v, number)
	}
	if v >= 10000 {
		return number(v/1000) + " K"
	}
	return number(v)
}

func duration(v float64, number func(float64) string) string {
	switch {
	case v == 0:
		return "0 s"
	case v < 1:
		return fmt.Sprintf("%.3g ms", v*1000)
	case v < 120:
		return fmt.Sprintf("%.3g s", v)
	case v < 7200:
		return number(v/60) + " min"
	default:
		return number(v/3600) + " h"
	}
}
