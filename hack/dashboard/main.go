// Command dashboard draws the dashboard of config/grafana from a running Prometheus, as one HTML page without scripts: to look at
// it where there is no Grafana, and to look at a change to it before it is handed in. It draws what Grafana would, more
// plainly.
//
//	go run ./hack/dashboard --prometheus=http://127.0.0.1:9090 >dashboard.html
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"time"

	"github.com/contact-operator/contact-operator/hack/dashboard/board"
)

func main() {
	file := flag.String("file", board.File, "the dashboard")
	server := flag.String("prometheus", "http://127.0.0.1:9090", "the Prometheus that is asked")
	span := flag.Duration("range", 15*time.Minute, "how far back the curves go")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Stdout, *file, *server, *span); err != nil {
		fmt.Fprintln(os.Stderr, "dashboard:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, out io.Writer, file, server string, span time.Duration) error {
	b, err := board.Read(file)
	if err != nil {
		return err
	}
	p := prometheus{server: server, end: time.Now(), span: span}
	var panels []drawn
	for _, panel := range b.Panels {
		d, err := draw(ctx, p, b, panel)
		if err != nil {
			return fmt.Errorf("panel %q: %w", panel.Title, err)
		}
		panels = append(panels, d)
	}
	return page.Execute(out, map[string]any{"Title": b.Title, "Panels": panels})
}
