package status

import (
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
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
	if len(report.Pipelines) > 0 {
		b.WriteString("\n")
	}
	drawWeak(&b, report, style, now)
	return b.String()
}

func drawRow(b *strings.Builder, row Pipeline, style screen.Style, now time.Time, heldMore bool) {
	b.WriteString(style.Bold(row.Name) + style.Dim("  in namespace "+row.Namespace))
	if row.Strict {
		b.WriteString(style.Dim(", strict order"))
	}
	if row.Suspended {
		b.WriteString(style.Doubt("  suspended"))
	}
	if row.Missing {
		b.WriteString(style.Bad("  does not exist") + ", " + screen.Count(row.Waiting, "submission") + " waiting\n")
		return
	}
	b.WriteString("\n\n")
	lines := make([]string, 5)
	for i, l := range row.Links {
		mark, paint := look(l, style)
		lines[0] += style.Bold(l.Stage)
		if i < len(row.Links)-1 {
			lines[0] += style.Dim(" " + strings.Repeat("─", cell-len(l.Stage)-3) + "▶ ")
		}
		add(&lines[1], screen.Cut(l.Integration, cell-2), style.Dim)
		add(&lines[2], mark, paint)
		waiting, oldest := "", ""
		if l.Waiting > 0 {
			waiting = screen.Number(l.Waiting) + " waiting"
			oldest = "oldest " + screen.Span(now.Sub(*l.Oldest))
		}
		add(&lines[3], waiting, style.Doubt)
		add(&lines[4], oldest, style.Dim)
	}
	for _, line := range lines {
		if strings.TrimSpace(line) != "" {
			b.WriteString(margin + strings.TrimRight(line, " ") + "\n")
		}
	}
	drawHeld(b, row, heldMore)
}

// drawHeld tells what waits for a person, and by which command it is dealt with.
func drawHeld(b *strings.Builder, row Pipeline, heldMore bool) {
	var held [][]string
	for _, h := range []struct {
		n             int
		what, command string
	}{
		{row.Stalled, "stalled", "kubectl contacts retry --all-stalled, once what ailed them is mended"},
		{row.Rejected, "rejected", "kubectl contacts accept NAME --reason …, for those that are wanted"},
	} {
		if h.n > 0 {
			held = append(held, []string{margin + margin + screen.Number(h.n) + " " + h.what, h.command})
		}
	}
	if len(held) == 0 {
		return
	}
	title := "For a person to decide:"
	if heldMore {
		title = "For a person to decide, at least:"
	}
	b.WriteString("\n" + margin + title + "\n" + screen.Columns(held))
}

// add appends a cell to a line. What fills it up is not painted, so that the columns stay.
func add(line *string, text string, paint func(string) string) {
	fill := strings.Repeat(" ", max(0, cell-screen.Width(text)))
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
		return screen.Cut("! "+label(l.Health), cell-2), style.Doubt
	default:
		return screen.Cut("✗ "+label(l.Health), cell-2), style.Bad
	}
}

// label is the health of a link in the few letters that a cell has.
func label(health string) string {
	switch health {
	case v1alpha1.ReasonIntegrationNotFound:
		return "does not exist"
	case v1alpha1.ReasonSecretNotFound:
		return "no Secret"
	case healthNotChecked:
		return "not checked yet"
	case healthNotPickedUp:
		return "not picked up"
	default:
		return health
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
	b.WriteString(style.Bold("Weakest link: ") + style.Bad(weakest.Name) + style.Dim("  in namespace "+weakest.Namespace) + "\n")
	facts := [][]string{{"serves", strings.Join(weakest.Serves, ", ")}, {"state", state(weakest, now)}}
	if weakest.Message != "" {
		facts = append(facts, []string{"why", weakest.Message})
	}
	if weakest.Waiting > 0 {
		facts = append(facts, []string{"waiting", waiting(weakest, now)})
	}
	facts = append(facts, []string{"do", weakest.Advice})
	if weakest.Command != "" {
		facts = append(facts, []string{"", weakest.Command})
	}
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
		row := []string{margin + screen.Cut(w.Name, 34), screen.Cut(w.Namespace, 16), screen.Cut(state(w, now), 30), ""}
		if w.Waiting > 0 {
			row[3] = screen.Number(w.Waiting) + " waiting"
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
