package builtin

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"

	"github.com/contact-operator/contact-operator/internal/httpx"
)

const (
	// maxList is the largest list that is read, in bytes: half a million domains.
	maxList = 8 << 20
	// maxRedirects of a list's URL.
	maxRedirects = 5
)

var errListTooLarge = fmt.Errorf("the list is larger than %d MiB", maxList>>20)

func readBounded(r io.Reader) (string, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxList+1))
	if err == nil && len(text) > maxList {
		err = errListTooLarge
	}
	return string(text), err
}

// fetcher reads a list from a URL, and only if it has changed. It is used by one goroutine.
type fetcher struct {
	client *http.Client
	url    string
	etag   string
	last   domains
}

func newFetcher(client *http.Client, address string) (*fetcher, error) {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return nil, errors.New("not an http or https URL")
	}
	// Unlike calls with somebody's data, this one may be sent elsewhere: lists live on hosts that redirect. The transport
	// guards each address it is sent to.
	following := *client
	following.CheckRedirect = func(r *http.Request, via []*http.Request) error {
		if len(via) > maxRedirects || via[0].URL.Scheme == "https" && r.URL.Scheme != "https" {
			return http.ErrUseLastResponse
		}
		return nil
	}
	return &fetcher{client: &following, url: address}, nil
}

func (f *fetcher) load(ctx context.Context) (domains, error) {
	req, err := httpx.NewRequest(ctx, http.MethodGet, f.url, nil)
	if err != nil {
		return nil, err
	}
	if f.etag != "" {
		req.Header.Set("If-None-Match", f.etag)
	}
	res, err := f.client.Do(req)
	if err != nil {
		return nil, err
	}
	defer func() { _ = res.Body.Close() }()
	switch {
	case res.StatusCode == http.StatusNotModified && f.last != nil:
		return f.last, nil
	case res.StatusCode != http.StatusOK:
		return nil, fmt.Errorf("status %d", res.StatusCode)
	}
	text, err := readBounded(res.Body)
	if err != nil {
		return nil, err
	}
	list, err := foreignList(text)
	if err != nil {
		return nil, err
	}
	f.etag, f.last = res.Header.Get("ETag"), list
	return list, nil
}
