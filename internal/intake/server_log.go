package intake

import (
	"log"
	"regexp"
	"strings"

	"github.com/go-logr/logr"
)

// newServerLog takes what net/http has to say. Visitors' addresses are left out, and so are failed handshakes: they are
// the visitors' or a scanner's doing, and anyone could fill the log with them.
func newServerLog(to logr.Logger) *log.Logger { return log.New(serverLog{to}, "", 0) }

type serverLog struct{ to logr.Logger }

var hostPort = regexp.MustCompile(`\[[0-9a-fA-F:.%\w]+\]:\d+|\d+\.\d+\.\d+\.\d+:\d+`)

func (l serverLog) Write(line []byte) (int, error) {
	said := hostPort.ReplaceAllString(strings.TrimSpace(string(line)), "(address)")
	if strings.Contains(said, "TLS handshake error") {
		l.to.V(1).Info("a connection was given up", "server", said)
	} else {
		l.to.Error(nil, "the HTTP server reports a problem", "server", said)
	}
	return len(line), nil
}
