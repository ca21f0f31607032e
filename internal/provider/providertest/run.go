package providertest

import (
	"testing"

	"github.com/contact-operator/contact-operator/internal/provider"
)

// Run holds an adapter against the contract. Each case is a subtest, named after what has to hold.
func Run(t *testing.T, a Adapter) {
	t.Helper()
	if len(a.Secrets) == 0 {
		t.Fatal("the adapter brings no Secret: the suite could not tell whether it keeps them")
	}
	if a.Refused != nil && a.WantRefused == "" {
		a.WantRefused = provider.Invalid
	}
	cases := map[string]func(*testing.T, Adapter){
		"secrets are named, and missed when they are not there": testSecrets,
		"a good answer gives the result":                        testSuccess,
		"writing again changes nothing":                         testRepetition,
		"a lost answer changes nothing":                         testLostAnswer,
		"rendering is deterministic and makes no call":          testRender,
		"the deadline holds":                                    testDeadline,
		"a cancelled call ends":                                 testCancel,
		"transport failures pass":                               testTransport,
		"a status has its class":                                testStatus,
		"an answer that can't be read passes":                   testUnreadable,
		"another content type does no harm":                     testContentType,
		"redirects are not followed":                            testRedirect,
		"a batch is written in one call, in order":              testBatch,
		"a refused record does not hold back its batch":         testRefusedRecord,
		"a batch that is refused whole says so":                 testRefusedBatch,
		"a health call changes nothing":                         testHealth,
		"who has left is listed, and never put back":            testSuppressed,
		"calls at the same time don't disturb each other":       testConcurrency,
	}
	for name := range a.Except {
		if cases[name] == nil {
			t.Errorf("Except names a case that there is not: %q", name)
		}
	}
	for name, test := range cases {
		t.Run(name, func(t *testing.T) {
			if reason := a.Except[name]; reason != "" {
				t.Skip(reason)
			}
			t.Parallel()
			test(t, a)
		})
	}
}
