package httpjson

import (
	"net/http"
	"reflect"
	"strings"

	"cel.dev/cel-go/cel"
	"cel.dev/cel-go/ext"

	"github.com/contact-operator/contact-operator/internal/httpx"
	"github.com/contact-operator/contact-operator/internal/provider"
)

// The names under which cel-go knows our structures.
const (
	submissionType = "provider.Submission"
	contactType    = "provider.Contact"
	consentType    = "provider.Consent"
	answerType     = "httpjson.answer"
)

// answer is what results see as response.
type answer struct {
	Status  int64             `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
}

// environment is CEL with one variable.
type environment struct {
	env      *cel.Env
	variable string
}

// environments are those of one Integration. They cost a fraction of a millisecond, and are not needed once its
// expressions are compiled.
type environments struct {
	submission, contact, response environment
}

func newEnvironments() (environments, error) {
	base, err := cel.NewEnv(
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Encoders(),
		ext.NativeTypes(ext.ParseStructTag("json"),
			reflect.TypeFor[provider.Submission](), reflect.TypeFor[provider.Contact](), reflect.TypeFor[answer]()),
	)
	if err != nil {
		return environments{}, err
	}
	var all environments
	for _, v := range []struct {
		to             *environment
		name, typeName string
	}{
		{&all.submission, "submission", submissionType},
		{&all.contact, "contact", contactType},
		{&all.response, "response", answerType},
	} {
		env, err := base.Extend(cel.Variable(v.name, cel.ObjectType(v.typeName)))
		if err != nil {
			return environments{}, err
		}
		*v.to = environment{env: env, variable: v.name}
	}
	return all, nil
}

// newAnswer makes the variable response. The body is read by the caller, and only where a result looks at it.
func newAnswer(r httpx.Response, body any) *answer {
	return &answer{Status: int64(r.Status), Headers: lowerCase(r.Header), Body: body}
}

func lowerCase(h http.Header) map[string]string {
	m := make(map[string]string, len(h))
	for name, values := range h {
		m[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return m
}
