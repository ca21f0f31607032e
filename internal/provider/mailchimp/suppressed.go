package mailchimp

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// lister tells who has left, one state after the other: Mailchimp lists members of one state at a time.
type lister struct{ *audience }

// pageSize is how many members are listed in a call: Mailchimp's limit is 1,000.
const pageSize = 500

// position is where a listing has come to. Pages are told apart by the time of the last change, not by their number: a
// member that changes meanwhile moves to the end of the list, and all behind it move up.
type position struct {
	state  string
	since  time.Time
	offset int // among those that changed within the second after since
}

// states are those that a person or the person's mail server has brought about. Who was archived was put away by somebody else.
func states() []string { return []string{unsubscribed, cleaned} }

// String is the cursor.
func (p position) String() string {
	since := ""
	if !p.since.IsZero() {
		since = p.since.UTC().Format(time.RFC3339)
	}
	return p.state + "/" + since + "/" + strconv.Itoa(p.offset)
}

func positionOf(cursor string, since time.Time) (position, error) {
	if cursor == "" {
		return position{state: states()[0], since: since}, nil
	}
	parts := strings.Split(cursor, "/")
	if len(parts) != 3 || !slices.Contains(states(), parts[0]) {
		return position{}, errCursor()
	}
	p := position{state: parts[0]}
	var err error
	if parts[1] != "" {
		if p.since, err = time.Parse(time.RFC3339, parts[1]); err != nil {
			return position{}, errCursor()
		}
	}
	if p.offset, err = strconv.Atoi(parts[2]); err != nil || p.offset < 0 {
		return position{}, errCursor()
	}
	return p, nil
}

func errCursor() *provider.Error {
	return provider.Errorf(provider.Invalid, "the place that the last listing of suppressed people had come to can't be read")
}

// ListSuppressed implements provider.SuppressionLister.
func (l *lister) ListSuppressed(ctx context.Context, since time.Time, cursor string) (provider.SuppressedPage, error) {
	at, err := positionOf(cursor, since)
	if err != nil {
		return provider.SuppressedPage{}, err
	}
	query := url.Values{
		"status": {at.state}, "sort_field": {"last_changed"}, "sort_dir": {"ASC"}, "count": {strconv.Itoa(pageSize)},
		"offset": {strconv.Itoa(at.offset)}, "fields": {"members.email_address,members.last_changed"},
	}
	if !at.since.IsZero() {
		query.Set("since_last_changed", at.since.UTC().Format(time.RFC3339))
	}
	var list struct {
		Members *[]struct {
			Email       string    `json:"email_address"`
			LastChanged time.Time `json:"last_changed"`
		} `json:"members"`
	}
	if err := l.ask(ctx, http.MethodGet, l.listPath()+"/members?"+query.Encode(), nil, &list); err != nil {
		return provider.SuppressedPage{}, err
	}
	if list.Members == nil {
		return provider.SuppressedPage{}, errUnreadable()
	}
	var page provider.SuppressedPage
	for _, m := range *list.Members {
		page.Emails = append(page.Emails, m.Email)
	}
	n := len(*list.Members)
	if n < pageSize {
		page.Next = after(at, since)
		return page, nil
	}
	// since_last_changed leaves out the very second.
	if last := (*list.Members)[n-1].LastChanged.Truncate(time.Second).Add(-time.Second); last.After(at.since) {
		at.since, at.offset = last, 0
	} else {
		at.offset += n
	}
	page.Next = at.String()
	return page, nil
}

// after is the cursor of the next state, "" after the last.
func after(at position, since time.Time) string {
	if i := slices.Index(states(), at.state); i+1 < len(states()) {
		return position{state: states()[i+1], since: since}.String()
	}
	return ""
}
