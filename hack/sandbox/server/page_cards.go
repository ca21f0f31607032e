package server

import (
	"fmt"
	"strconv"
	"strings"
)

// card shows one service.
type card struct {
	Name    string
	Title   string
	Tab     link
	Records int
	Stats   ServiceStats
	Works   bool
	State   string // what its fault is, in words
	Action  string // where its forms post to
	Presets []preset
	Exactly exactly
}

type link struct {
	Text, Href string
	Current    bool
}

// preset is a fault that one button sets.
type preset struct {
	Text, Title string
	Fault       Fault
	Current     bool
}

// exactly holds the fields of the form that sets any fault, as they are now. A blank one has its default.
type exactly struct {
	Modes                                             []preset
	Status, RetryAfterSeconds, Percent, LatencyMillis string
}

func presets() []preset {
	return []preset{
		{Text: "Works", Title: "answers as it should", Fault: Fault{Mode: ModeOK}},
		{Text: "503", Title: "is out of service", Fault: Fault{Mode: ModeStatus, Status: 503}},
		{Text: "429", Title: "asks to be left alone for 10 seconds", Fault: Fault{Mode: ModeStatus, Status: 429, RetryAfterSeconds: 10}},
		{Text: "401", Title: "refuses the credentials", Fault: Fault{Mode: ModeStatus, Status: 401}},
		{Text: "Resets", Title: "breaks the connections", Fault: Fault{Mode: ModeReset}},
		{Text: "Hangs", Title: "takes requests and never answers", Fault: Fault{Mode: ModeHang}},
		{Text: "Late", Title: "does what was asked, but answers too late", Fault: Fault{Mode: ModeTimeout}},
	}
}

// modes are the modes in the order of the form, with what they mean.
func modes() []preset {
	return []preset{
		{Text: "ok", Title: "works"},
		{Text: "status", Title: "answers a status"},
		{Text: "reset", Title: "resets connections"},
		{Text: "hang", Title: "never answers"},
		{Text: "timeout", Title: "does it, answers late"},
		{Text: "trickle", Title: "does it, answers byte by byte"},
		{Text: "cut", Title: "does it, breaks off the answer"},
		{Text: "garbage", Title: "answers what is no JSON"},
		{Text: "html", Title: "answers a page"},
		{Text: "huge", Title: "answers 8 MiB"},
		{Text: "tls", Title: "shows an expired certificate"},
	}
}

func (svc *service) card(at view) card {
	svc.mu.Lock()
	stats, fs := svc.stats, svc.faults
	svc.mu.Unlock()
	fault := fs[0] // the form sets one, and shows the first
	tab := view{Service: svc.name, Page: 1, Refresh: at.Refresh}
	c := card{
		Name:    string(svc.name),
		Title:   svc.name.title(),
		Tab:     link{svc.name.title(), tab.Href(), svc.name == at.Service},
		Records: svc.records.size(),
		Stats:   stats,
		Works:   len(fs) == 1 && fault.Mode == ModeOK && fault.LatencyMillis == 0,
		State:   fs.String(),
		Action:  "/_faults/" + string(svc.name) + "?" + at.Query(),
		Presets: presets(),
		Exactly: exactly{
			Modes:             modes(),
			Status:            blankZero(fault.Status),
			RetryAfterSeconds: blankZero(fault.RetryAfterSeconds),
			LatencyMillis:     blankZero(fault.LatencyMillis),
		},
	}
	if fault.Rate != nil {
		c.Exactly.Percent = percent(*fault.Rate)
	}
	for i, p := range c.Presets {
		c.Presets[i].Current = len(fs) == 1 && fault.Rate == nil && p.Fault == fault
	}
	for i, m := range c.Exactly.Modes {
		c.Exactly.Modes[i].Current = Mode(m.Text) == fault.Mode
	}
	return c
}

// title is the service's name as a heading.
func (s Service) title() string {
	return map[Service]string{
		Verifier: "Verifier", Locator: "Locator", CRM: "CRM", Marketing: "Marketing", HubSpot: "HubSpot", Listmonk: "listmonk",
		Salesforce: "Salesforce", EspoCRM: "EspoCRM",
		IPinfo: "ipinfo", MaxMind: "MaxMind",
		Reacher: "Reacher", ZeroBounce: "ZeroBounce", Kickbox: "Kickbox",
		Mailchimp: "Mailchimp", Brevo: "Brevo",
	}[s]
}

// String says in a few words what the fault does.
func (f Fault) String() string {
	what := map[Mode]string{
		ModeOK: "works", ModeReset: "resets connections", ModeHang: "never answers", ModeTimeout: "answers too late",
		ModeStatus: "answers " + strconv.Itoa(f.Status), ModeTrickle: "answers byte by byte", ModeCut: "breaks off its answers",
		ModeGarbage: "answers garbage", ModeHTML: "answers a page", ModeHuge: "answers 8 MiB", ModeTLS: "shows an expired certificate",
	}[f.Mode]
	parts := []string{what}
	if f.RetryAfterSeconds > 0 {
		parts = append(parts, fmt.Sprintf("retry after %d s", f.RetryAfterSeconds))
	}
	if f.LatencyMillis > 0 {
		parts = append(parts, fmt.Sprintf("slow by %d ms", f.LatencyMillis))
	}
	if f.Rate != nil {
		parts = append(parts, percent(*f.Rate)+" % of the calls")
	}
	return strings.Join(parts, ", ")
}

// String says in a few words what the faults do.
func (fs faults) String() string {
	parts := make([]string, 0, len(fs))
	for _, f := range fs {
		parts = append(parts, f.String())
	}
	return strings.Join(parts, "; ")
}

func blankZero(n int) string {
	if n == 0 {
		return ""
	}
	return strconv.Itoa(n)
}

func percent(rate float64) string { return strconv.FormatFloat(rate*100, 'g', 4, 64) }
