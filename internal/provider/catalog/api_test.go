package catalog

import (
	"bytes"
	"encoding/json"
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/contact-operator/contact-operator/api/v1alpha1"
	"github.com/contact-operator/contact-operator/internal/provider/brevo"
	"github.com/contact-operator/contact-operator/internal/provider/builtin"
	"github.com/contact-operator/contact-operator/internal/provider/espocrm"
	"github.com/contact-operator/contact-operator/internal/provider/httpjson"
	"github.com/contact-operator/contact-operator/internal/provider/hubspot"
	"github.com/contact-operator/contact-operator/internal/provider/ipinfo"
	"github.com/contact-operator/contact-operator/internal/provider/kickbox"
	"github.com/contact-operator/contact-operator/internal/provider/listmonk"
	"github.com/contact-operator/contact-operator/internal/provider/mailchimp"
	"github.com/contact-operator/contact-operator/internal/provider/maxmind"
	"github.com/contact-operator/contact-operator/internal/provider/reacher"
	"github.com/contact-operator/contact-operator/internal/provider/salesforce"
	"github.com/contact-operator/contact-operator/internal/provider/zerobounce"
)

func TestEveryProviderTypeHasAnAdapter(t *testing.T) {
	t.Parallel()
	factories := Factories()
	for _, name := range []v1alpha1.ProviderType{
		v1alpha1.ProviderHTTP, v1alpha1.ProviderBuiltin, v1alpha1.ProviderHubSpot, v1alpha1.ProviderListmonk,
		v1alpha1.ProviderSalesforce, v1alpha1.ProviderEspoCRM,
		v1alpha1.ProviderMaxMind, v1alpha1.ProviderIPinfo,
		v1alpha1.ProviderReacher, v1alpha1.ProviderZeroBounce, v1alpha1.ProviderKickbox,
		v1alpha1.ProviderMailchimp, v1alpha1.ProviderBrevo,
	} {
		f, ok := factories[string(name)]
		if !ok || f.New == nil || f.Refs == nil || f.Member == "" {
			t.Errorf("provider %s has no complete factory", name)
		}
		delete(factories, string(name))
	}
	for name := range factories {
		t.Errorf("adapter %s can't be named in an Integration", name)
	}
}

// An adapter has structures of its own for what the API types hold. A field that only one of the two has would be lost on
// the way, or never arrive.
func TestConfigMatchesTheAPI(t *testing.T) {
	t.Parallel()
	cases := map[string]struct {
		newAPI, newConfig func() any
	}{
		"HTTP":       {func() any { return new(v1alpha1.HTTPProvider) }, func() any { return new(httpjson.Config) }},
		"HubSpot":    {func() any { return new(v1alpha1.HubSpotProvider) }, func() any { return new(hubspot.Config) }},
		"Listmonk":   {func() any { return new(v1alpha1.ListmonkProvider) }, func() any { return new(listmonk.Config) }},
		"Salesforce": {func() any { return new(v1alpha1.SalesforceProvider) }, func() any { return new(salesforce.Config) }},
		"EspoCRM":    {func() any { return new(v1alpha1.EspoCRMProvider) }, func() any { return new(espocrm.Config) }},
		"Builtin":    {func() any { return new(v1alpha1.BuiltinProvider) }, func() any { return new(builtin.Config) }},
		"MaxMind":    {func() any { return new(v1alpha1.MaxMindProvider) }, func() any { return new(maxmind.Config) }},
		"IPinfo":     {func() any { return new(v1alpha1.IPinfoProvider) }, func() any { return new(ipinfo.Config) }},
		"Reacher":    {func() any { return new(v1alpha1.ReacherProvider) }, func() any { return new(reacher.Config) }},
		"ZeroBounce": {func() any { return new(v1alpha1.ZeroBounceProvider) }, func() any { return new(zerobounce.Config) }},
		"Kickbox":    {func() any { return new(v1alpha1.KickboxProvider) }, func() any { return new(kickbox.Config) }},
		"Mailchimp":  {func() any { return new(v1alpha1.MailchimpProvider) }, func() any { return new(mailchimp.Config) }},
		"Brevo":      {func() any { return new(v1alpha1.BrevoProvider) }, func() any { return new(brevo.Config) }},
	}
	for name := range Factories() {
		if cases[name].newAPI == nil {
			t.Errorf("provider %s is not looked at", name)
		}
	}
	for name, tc := range cases {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			api, config := filled(tc.newAPI()), tc.newConfig()
			want, err := json.Marshal(api)
			if err != nil {
				t.Fatal(err)
			}
			if err := strictly(want, config); err != nil {
				t.Fatalf("the API has a field that the adapter does not know: %v", err)
			}
			got, err := json.Marshal(config)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(plain(t, want), plain(t, got)); diff != "" {
				t.Errorf("lost on the way (-api +adapter):\n%s", diff)
			}
			if got, err = json.Marshal(filled(tc.newConfig())); err != nil {
				t.Fatal(err)
			}
			if err := strictly(got, tc.newAPI()); err != nil {
				t.Errorf("the adapter has a field that the API does not know: %v", err)
			}
		})
	}
}

// strictly decodes JSON into a value that knows every field in it.
func strictly(b []byte, into any) error {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	return d.Decode(into)
}

func filled(pointer any) any {
	fill(reflect.ValueOf(pointer).Elem())
	return pointer
}

// fill sets every field, however deep.
func fill(v reflect.Value) {
	switch v.Kind() {
	case reflect.Pointer:
		v.Set(reflect.New(v.Type().Elem()))
		fill(v.Elem())
	case reflect.Struct:
		for i := range v.NumField() {
			fill(v.Field(i))
		}
	case reflect.Slice:
		v.Set(reflect.MakeSlice(v.Type(), 1, 1))
		fill(v.Index(0))
	case reflect.String:
		v.SetString("x")
	case reflect.Int, reflect.Int32, reflect.Int64:
		v.SetInt(200)
	case reflect.Bool:
		v.SetBool(true)
	default:
		panic("fill does not know " + v.Kind().String())
	}
}

func plain(t *testing.T, b []byte) any {
	t.Helper()
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}
