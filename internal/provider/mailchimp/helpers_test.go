package mailchimp_test

import (
	"context"
	"crypto/md5" //nolint:gosec // Mailchimp's name for a member, no secret
	"encoding/hex"
	"testing"
	"time"
)

func deadlineIn(t *testing.T, d time.Duration) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), d)
	t.Cleanup(cancel)
	return ctx
}

func md5Of(text string) string {
	sum := md5.Sum([]byte(text)) //nolint:gosec // as above
	return hex.EncodeToString(sum[:])
}
