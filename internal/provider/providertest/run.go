package providertest

import (
	"testing"
)

// Run holds an adapter against the contract. Each case is a subtest, named after what has to hold.
func Run(t *testing.T, a Adapter) {
	t.Helper()
	if len(a.Secrets) == 0 {
		t.Fatal("the adapter brings no Secret: the suite could not tell whether it keeps them")
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
