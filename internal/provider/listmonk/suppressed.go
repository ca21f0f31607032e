package listmonk

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// lister tells who has left the lists.
type lister struct{ *writer }

// pageSize is how many subscribers are listed in a call; their attributes may be large.
const pageSize = 200

// ListSuppressed implements provider.SuppressionLister. listmonk can't tell since when somebody has left, so all are listed each
// time, one list after the other. Who is blocklisted counts as unsubscribed from every list. Somebody who is missed because
// another one went away between two pages is found by the next listing.
func (l *lister) ListSuppressed(ctx context.Context, _ time.Time, cursor string) (provider.SuppressedPage, error) {
	list, number, err := l.place(cursor)
	if err != nil {
		return provider.SuppressedPage{}, err
	}
	query := url.Values{
		"list_id": {strconv.Itoa(list)}, "subscription_status": {unsubscribed}, "order_by": {"created_at"}, "order": {"asc"},
		"page": {strconv.Itoa(number)}, "per_page": {strconv.Itoa(pageSize)},
	}
	var answer struct {
		Results *[]subscriber `json:"results"`
	}
	if err := l.ask(ctx, http.MethodGet, subscribersPath+"?"+query.Encode(), nil, &answer); err != nil {
		return provider.SuppressedPage{}, err
	}
	if answer.Results == nil {
		return provider.SuppressedPage{}, errUnreadable()
	}
	var page provider.SuppressedPage
	for _, s := range *answer.Results {
		if at := stateOf(s, l.targets); at.blocked || len(at.left) > 0 && len(at.active) == 0 {
			page.Emails = append(page.Emails, s.Email)
		}
	}
	if len(*answer.Results) >= pageSize {
		page.Next = strconv.Itoa(list) + "/" + strconv.Itoa(number+1)
		return page, nil
	}
	for _, next := range l.targets { // sorted
		if next > list {
			page.Next = strconv.Itoa(next) + "/1"
			break
		}
	}
	return page, nil
}

// place reads a cursor: a list, and a page of it.
func (l *lister) place(cursor string) (list, number int, err error) {
	if cursor == "" {
		return l.targets[0], 1, nil
	}
	first, second, _ := strings.Cut(cursor, "/")
	list, errList := strconv.Atoi(first)
	number, errNumber := strconv.Atoi(second)
	if errList != nil || errNumber != nil || number < 1 {
		return 0, 0, provider.Errorf(provider.Invalid, "the place that the last listing of suppressed people had come to can't be read")
	}
	return list, number, nil
}
