package status

import (
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/plugin/screen"
)

// cell is the width of a link: five of them and the margin fit in 100 columns.
const (
	cell   = 19
	margin = "  "
)

// draw renders a report for people.
func draw(report Report, style screen.Style, now time.Time, heldMore bool) string {
	var b strings.Builder
	for i, row := range report.Pipelines {
		if i > 0 {
			b.WriteString("\n")
		}
		drawRow(&b, row, style, now, heldMore)
	}
	b.WriteString("\n")
	drawWeak(&b, report, style, now)
	return b.String()
}

func drawRow(b *strings.Builder, row Pipeline, style screen.Style, now time.Time, heldMore bool) {
	b.WriteString(style.Bold(row.Name) + style.Dim("  in namespace "+row.Namespace))
	if row.Strict {
		b.WriteString(style.Dim(", strict order"))
	}
	b.WriteString("\n\n")
	lines := make([]string, 5)
	for i, l := range row.Links {
		mark, paint := look(l, style)
		arrow := ""
		if i < len(row.Links)-1 {
			arrow = " " + strings.Repeat("─", cell-len(l.Stage)-4) + "▶ "
		}
		add(&lines[0], l.Stage+arrow, cell, style.Bold)
		add(&lines[1], screen.Cut(l.Integration, cell-2), cell, style.Dim)
		add(&lines[2], mark, cell, paint)
		waiting, oldest := "", ""
		if l.Waiting > 0 {
			waiting = screen.Number(l.Waiting) + " waiting"
			oldest = "oldest " + screen.Span(now.Sub(*l.Oldest))
		}
		add(&lines[3], waiting, cell, style.Doubt)
		add(&lines[4], oldest, cell, style.Dim)
	}
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			b.WriteString(margin + strings.TrimRight(line, " ") + "\n")
		}
	}
	if row.Rejected+row.Stalled > 0 {
		more := ""
		if heldMore {
			more = " at least"
		}
		var held []string
		if row.Stalled > 0 {
			held = append(held, screen.Number(row.Stalled)+" stalled (kubectl contacts retry --all-stalled)")
		}
		if row.Rejected > 0 {
			held = append(held, screen.Number(row.Rejected)+" rejected (kubectl contacts accept NAME --reason …)")
		}
		b.WriteString("\n" + margin + "For a person to decide:" + more + " " + strings.Join(held, ", ") + "\n")
	}
}

// add appends a cell to a line: it is filled up before it is painted, so that the columns stay.
func add(line *string, text string, width int, paint func(string) string) {
	fill := strings.Repeat(" ", max(0, width-screen.Width(text)))
	*line += paint(text) + fill
}

// look says how the health of a link is shown.
func look(l Link, style screen.Style) (string, func(string) string) {
	switch severityOf(l.Health) {
	case fine:
		if l.Health == healthNotUsed {
			return "· not used", style.Dim
		}
		return "✓ well", style.Good
	case doubtful:
		return screen.Cut("! "+l.Health, cell-2), style.Doubt
	default:
		return screen.Cut("✗ "+l.Health, cell-2), style.Bad
	}
}

func drawWeak(b *strings.Builder, report Report, style screen.Style, now time.Time) {
	if len(report.Pipelines) == 0 {
		b.WriteString("There is no pipeline here. Look in another namespace with -n, or in all with -A.\n")
		return
	}
	if len(report.Weak) == 0 {
		waiting := 0
		for _, row := range report.Pipelines {
			waiting += row.Waiting
		}
		b.WriteString(style.Good("Every link holds."))
		if waiting > 0 {
			b.WriteString(" " + screen.Count(waiting, "submission") + " on the way.")
		}
		b.WriteString("\n")
		return
	}
	weakest := report.Weak[0]
	b.WriteString(style.Bold("Weakest link: ") + style.Bad(weakest.Name) + " in namespace " + weakest.Namespace + "\n")
	facts := [][]string{{"serves", strings.Join(weakest.Serves, ", ")}, {"state", state(weakest, now)}}
	if weakest.Message != "" {
		facts = append(facts, []string{"why", weakest.Message})
	}
	if weakest.Waiting > 0 {
		facts = append(facts, []string{"waiting", waiting(weakest, now)})
	}
	facts = append(facts, []string{"do", weakest.Advice})
	for _, fact := range facts {
		for i, line := range wrap(screen.Safe(fact[1]), 88) {
			label := ""
			if i == 0 {
				label = fact[0]
			}
			b.WriteString(margin + style.Dim(screen.Pad(label, 9)) + line + "\n")
		}
	}
	if len(report.Weak) == 1 {
		return
	}
	b.WriteString("\n" + style.Bold("Weak as well:") + "\n")
	var rows [][]string
	for _, w := range report.Weak[1:] {
		row := []string{margin + w.Namespace + "/" + w.Name, state(w, now), ""}
		if w.Waiting > 0 {
			row[2] = waiting(w, now)
		}
		rows = append(rows, row)
	}
	b.WriteString(screen.Columns(rows))
}

func state(w Weak, now time.Time) string {
	if w.Since == nil {
		return w.Health
	}
	return w.Health + " for " + screen.Span(now.Sub(*w.Since))
}

func waiting(w Weak, now time.Time) string {
	text := screen.Count(w.Waiting, "submission")
	if w.Oldest != nil {
		text += ", the oldest for " + screen.Span(now.Sub(*w.Oldest))
	}
	return text
}

// wrap breaks a text at blanks.
func wrap(text string, width int) []string {
	var lines []string
	line := ""
	for _, word := range strings.Fields(text) {
		if line != "" && screen.Width(line)+1+screen.Width(word) > width {
			lines = append(lines, line)
			line = ""
		}
		line = strings.TrimSpace(line + " " + word)
	}
	return append(lines, line)
}
