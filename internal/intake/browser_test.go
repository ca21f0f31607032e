package intake

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	cdplog "github.com/chromedp/cdproto/log"
	"github.com/chromedp/chromedp"
)

// browserLimit is for a machine that is busy with other tests.
const browserLimit = 2 * time.Minute

// chromium finds the browser: the one that CHROMIUM names, or one on the PATH. hack/chromium.sh installs it on Debian.
func chromium(t *testing.T) string {
	t.Helper()
	if named := os.Getenv("CHROMIUM"); named != "" {
		return named
	}
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome", "google-chrome-stable"} {
		if path, err := exec.LookPath(name); err == nil {
			return path
		}
	}
	if os.Getenv("CI") == "true" {
		t.Fatal("no Chromium to test the form with: run hack/chromium.sh, or name one with CHROMIUM")
	}
	t.Skip("no Chromium to test the form with: run hack/chromium.sh, or name one with CHROMIUM")
	return ""
}

// screen is what a page is shown on.
type screen struct {
	name          string
	width, height int64
	phone         bool
	dark          bool
}

var (
	desktop     = screen{name: "desktop", width: 1280, height: 900}
	desktopDark = screen{name: "desktop-dark", width: 1280, height: 900, dark: true}
	phone       = screen{name: "phone", width: 390, height: 844, phone: true}
	smallest    = screen{name: "smallest", width: 320, height: 568, phone: true}
)

// tab is a page in a browser, without JavaScript. What the browser complains about, such as a breach of the security
// policy, fails the test at its end; expected answers of 4xx and 5xx are no complaints.
type tab struct {
	t   *testing.T
	ctx context.Context
}

// openTab starts a browser of its own, with no cookies; more are options of the browser.
func openTab(t *testing.T, s screen, language string, more ...chromedp.ExecAllocatorOption) *tab {
	t.Helper()
	options := append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(chromium(t)),
		chromedp.NoSandbox, chromedp.DisableGPU, chromedp.IgnoreCertErrors,
		chromedp.Flag("disable-quic", true),
		chromedp.Flag("disable-component-update", true),
		chromedp.Flag("no-proxy-server", true),
		chromedp.Flag("lang", language),
		chromedp.Flag("accept-lang", language),
	)
	options = append(options, more...)
	ctx, cancel := context.WithTimeout(t.Context(), browserLimit)
	ctx, stopBrowser := chromedp.NewExecAllocator(ctx, options...)
	var mu sync.Mutex
	var complaints []string
	ctx, closeTab := chromedp.NewContext(ctx, chromedp.WithListener(func(event any) {
		mu.Lock()
		defer mu.Unlock()
		if e, ok := event.(*cdplog.EventEntryAdded); ok && e.Entry.Source != cdplog.EntrySourceNetwork {
			complaints = append(complaints, e.Entry.Text)
		}
	}))
	t.Cleanup(func() {
		closeTab()
		stopBrowser()
		cancel()
		mu.Lock()
		defer mu.Unlock()
		for _, c := range complaints {
			t.Errorf("the browser complains: %s", c)
		}
	})

	scheme := "light"
	if s.dark {
		scheme = "dark"
	}
	screenOptions := []chromedp.EmulateViewportOption{}
	if s.phone {
		screenOptions = append(screenOptions, chromedp.EmulateMobile, chromedp.EmulateTouch, chromedp.EmulateScale(2))
	}
	b := &tab{t: t, ctx: ctx}
	b.run(
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, cdplog.Enable, cdp.Empty{})
			return err
		}),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true})
			return err
		}),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			// Without a window there is no window with the focus.
			_, err := chromedp.Call(ctx, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
			return err
		}),
		chromedp.Func(func(ctx context.Context, _ *chromedp.Target) error {
			_, err := chromedp.Call(ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
				Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
			})
			return err
		}),
		chromedp.EmulateViewport(s.width, s.height, screenOptions...),
	)
	return b
}

func (b *tab) run(steps ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
}

func (b *tab) open(address string) {
	b.t.Helper()
	b.run(chromedp.Navigate(address))
}

func (b *tab) fill(selector chromedp.CSS, text string) {
	b.t.Helper()
	b.run(chromedp.SendKeys(selector, text))
}

// click follows a link or presses a button; then an element must be there.
func (b *tab) click(selector, then chromedp.CSS) {
	b.t.Helper()
	b.run(chromedp.Click(selector), chromedp.WaitVisible(then))
}

// ask asks the page; the tests may look with JavaScript, the pages have none.
func ask[T any](b *tab, expression string) T {
	b.t.Helper()
	answer, err := chromedp.Run(b.ctx, chromedp.Evaluate[T](expression))
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	return answer
}

func (b *tab) text() string {
	b.t.Helper()
	return ask[string](b, "document.body.innerText")
}

// focused names the element that has the keyboard.
func (b *tab) focused() string {
	b.t.Helper()
	return ask[string](b, "document.activeElement.name || document.activeElement.id || document.activeElement.tagName.toLowerCase()")
}

// picture keeps a screenshot of the whole page: look at it after go test -artifacts.
func (b *tab) picture(name string) {
	b.t.Helper()
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err != nil {
		b.t.Fatalf("the browser: %v", err)
	}
	if err := os.WriteFile(filepath.Join(b.t.ArtifactDir(), strings.ReplaceAll(b.t.Name(), "/", "-")+"-"+name+".png"), png, 0o600); err != nil {
		b.t.Error(err)
	}
}

// fits checks what a page needs on a small screen: nothing to scroll sideways, letters that telephones don't zoom into,
// and targets that a thumb can hit.
func (b *tab) fits() {
	b.t.Helper()
	sizes := ask[struct {
		Overflow              float64
		SmallInput, SmallText []string
	}](b, `(() => {
		const shown = e => e.getClientRects().length > 0 && !e.closest('.away');
		const controls = [...document.querySelectorAll('input:not([type=hidden]), select, textarea, button')].filter(shown);
		const target = e => e.type === 'checkbox' ? e.closest('.field') : e;
		return {
			Overflow: document.documentElement.scrollWidth - document.documentElement.clientWidth,
			SmallInput: controls.filter(e => target(e).getBoundingClientRect().height < 44).map(e => e.name || e.type),
			SmallText: controls.filter(e => e.type !== 'checkbox' && parseFloat(getComputedStyle(e).fontSize) < 16).map(e => e.name || e.type),
		};
	})()`)
	if sizes.Overflow > 0 || len(sizes.SmallInput) > 0 || len(sizes.SmallText) > 0 {
		b.t.Errorf("the page does not fit the screen: %+v", sizes)
	}
}
