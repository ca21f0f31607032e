package brevo

import (
	"context"
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// lister tells who is blocklisted or has left the lists.
type lister struct{ *account }

const (
	// pageSize is how many contacts are listed in a call. Brevo takes 1,000, but their attributes may be more than an answer may hold.
	pageSize = 500
	// overlap is how many contacts of a page come again on the next: contacts are listed by their creation, so that one
	// which is deleted meanwhile moves all behind it up.
	overlap = 50
)

// ListSuppressed implements provider.SuppressionLister. Brevo lists all contacts that were changed since, in whatever way.
func (l *lister) ListSuppressed(ctx context.Context, since time.Time, cursor string) (provider.SuppressedPage, error) {
	offset, err := 0, error(nil)
	if cursor != "" {
		if offset, err = strconv.Atoi(cursor); err != nil || offset < 0 {
			return provider.SuppressedPage{}, provider.Errorf(provider.Invalid, "the place that the last listing of suppressed people had come to can't be read")
		}
	}
	query := url.Values{"limit": {strconv.Itoa(pageSize)}, "offset": {strconv.Itoa(offset)}, "sort": {"asc"}}
	if !since.IsZero() {
		query.Set("modifiedSince", since.UTC().Format("2006-01-02T15:04:05.000Z"))
	}
	var list struct {
		Contacts *[]contact `json:"contacts"`
	}
	if err := l.ask(ctx, http.MethodGet, contactsPath+"?"+query.Encode(), nil, &list); err != nil {
		return provider.SuppressedPage{}, err
	}
	if list.Contacts == nil {
		return provider.SuppressedPage{}, errUnreadable()
	}
	var page provider.SuppressedPage
	for _, c := range *list.Contacts {
		if c.Email != "" && c.standing(l.targets).gone { // some are known by their phone number alone
			page.Emails = append(page.Emails, c.Email)
		}
	}
	if n := len(*list.Contacts); n >= pageSize {
		page.Next = strconv.Itoa(offset + n - overlap)
	}
	return page, nil
}
