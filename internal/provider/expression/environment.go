package expression

import (
	"net/http"
	"reflect"
	"slices"
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
	answerType     = "expression.Answer"
	recordType     = "expression.Record"
)

// Answer is what results see as response.
type Answer struct {
	Status  int64             `json:"status"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body"`
}

// Record is one of the records that a batch's expressions see.
type Record struct {
	Key  string `json:"key"`
	Body any    `json:"body"` // the rendered body, as Parse gives it
}

// Environment is CEL with some variables.
type Environment struct {
	env       *cel.Env
	variables []string
}

func (e Environment) costLimit() uint64 {
	if slices.Contains(e.variables, "records") {
		return batchCostLimit
	}
	return costLimit
}

// Environments are those of one Integration. They cost a fraction of a millisecond, and are not needed once its
// expressions are compiled.
type Environments struct {
	// Submission has the variable submission (a *provider.Submission), Contact has contact (a *provider.Contact), and
	// Response has response (an *Answer).
	Submission, Contact, Response Environment
	// Records has the variable records (a []*Record), Written has records and response.
	Records, Written Environment
}

// NewEnvironments sets the language up. Its error is a fault of the operator.
func NewEnvironments() (Environments, error) {
	base, err := cel.NewEnv(
		cel.OptionalTypes(),
		ext.Strings(),
		ext.Encoders(),
		ext.NativeTypes(ext.ParseStructTag("json"), reflect.TypeFor[provider.Submission](),
			reflect.TypeFor[provider.Contact](), reflect.TypeFor[Answer](), reflect.TypeFor[Record]()),
	)
	if err != nil {
		return Environments{}, broken(err)
	}
	variables := map[string]*cel.Type{
		"submission": cel.ObjectType(submissionType),
		"contact":    cel.ObjectType(contactType),
		"response":   cel.ObjectType(answerType),
		"records":    cel.ListType(cel.ObjectType(recordType)),
	}
	var all Environments
	for to, names := range map[*Environment][]string{
		&all.Submission: {"submission"},
		&all.Contact:    {"contact"},
		&all.Response:   {"response"},
		&all.Records:    {"records"},
		&all.Written:    {"records", "response"},
	} {
		var options []cel.EnvOption
		for _, name := range names {
			options = append(options, cel.Variable(name, variables[name]))
		}
		env, err := base.Extend(options...)
		if err != nil {
			return Environments{}, broken(err)
		}
		*to = Environment{env: env, variables: names}
	}
	return all, nil
}

func broken(err error) error {
	return &provider.Error{
		Class: provider.Config, Message: "the expression language can't be set up; this is a fault of the operator", Err: err,
	}
}

// NewAnswer makes the variable response. The body is parsed by the caller, and only where a result looks at it.
func NewAnswer(r httpx.Response, body any) *Answer {
	return &Answer{Status: int64(r.Status), Headers: lowerCase(r.Header), Body: body}
}

func lowerCase(h http.Header) map[string]string {
	m := make(map[string]string, len(h))
	for name, values := range h {
		m[strings.ToLower(name)] = strings.Join(values, ", ")
	}
	return m
}
