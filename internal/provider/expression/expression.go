package expression

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"strings"

	"cel.dev/cel-go/cel"
	celast "cel.dev/cel-go/common/ast"
	"cel.dev/cel-go/common/types"
	"cel.dev/cel-go/common/types/ref"
	"cel.dev/cel-go/interpreter"

	"github.com/contact-operator/contact-operator/internal/provider"
)

const (
	// costLimit bounds one evaluation, in cel-go's units. A mapping of some dozen fields costs some hundred; at the limit a
	// tenth of a second has gone by. What works on a whole batch may cost batchCostLimit.
	costLimit      = 100_000
	batchCostLimit = 20 * costLimit
	// interruptEvery is how many turns of a loop pass between two looks at the context.
	interruptEvery = 100
	// maxCompilerText bounds what is quoted of the compiler, in bytes.
	maxCompilerText = 512
)

// Expression is a compiled CEL expression over the variables of its Environment.
type Expression struct {
	// Field is its place in the Integration, for messages: spec.http.upsert.body.
	Field string
	// Constant: no variable occurs, so that the value is the same for all records.
	Constant bool
	// ReadsBody: the expression may look at response.body.
	ReadsBody bool

	variables []string
	program   cel.Program
	source    *celast.SourceInfo
}

// Compile checks an expression and its type, as far as it is known before there is a value. No kinds: any will do.
func (e Environment) Compile(field, text string, kinds ...types.Kind) (*Expression, error) {
	ast, issues := e.env.Compile(text)
	if issues.Err() != nil {
		return nil, compileError(field, issues)
	}
	if err := checkKind(field, ast.OutputType(), kinds); err != nil {
		return nil, err
	}
	program, err := e.env.Program(ast,
		cel.EvalOptions(cel.OptOptimize),
		cel.CostLimit(e.costLimit()),
		cel.InterruptCheckFrequency(interruptEvery))
	if err != nil {
		// What only shows here is a constant that can't be evaluated, such as a malformed regular expression.
		return nil, provider.Errorf(provider.Config, "%s: %s", field, oneLine(err.Error()))
	}
	x := &Expression{Field: field, variables: e.variables, program: program, source: ast.NativeRep().SourceInfo()}
	x.Constant, x.ReadsBody = uses(ast.NativeRep(), e.variables)
	return x, nil
}

// uses looks for the variables. Any use of response other than its status and headers may read the body.
func uses(ast *celast.AST, variables []string) (constant, readsBody bool) {
	const response = "response"
	constant = true
	all, harmless := 0, 0
	celast.PreOrderVisit(ast.Expr(), celast.NewExprVisitor(func(x celast.Expr) {
		switch {
		case x.Kind() == celast.IdentKind:
			constant = constant && !slices.Contains(variables, x.AsIdent())
			if x.AsIdent() == response {
				all++
			}
		case x.Kind() == celast.SelectKind:
			s := x.AsSelect()
			if o := s.Operand(); o.Kind() == celast.IdentKind && o.AsIdent() == response &&
				(s.FieldName() == "status" || s.FieldName() == "headers") {
				harmless++
			}
		}
	}))
	return constant, all > harmless
}

// Eval evaluates the expression over the values of its variables, in their order. A failure is the class that the caller gives it, and says where in the expression it
// arose, never what the values were: cel-go's own texts hold them.
func (x *Expression) Eval(ctx context.Context, class provider.Class, values ...any) (ref.Val, error) {
	activation := make(map[string]any, len(values))
	for i, v := range values {
		activation[x.variables[i]] = v
	}
	v, _, err := x.program.ContextEval(ctx, activation)
	if err == nil {
		return Unwrap(v), nil
	}
	if ctx.Err() != nil {
		return nil, &provider.Error{Class: provider.Transient, Message: "no answer within the deadline", Err: ctx.Err()}
	}
	if cancelled := (interpreter.EvalCancelledError{}); errors.As(err, &cancelled) {
		return nil, provider.Errorf(class, "%s takes too long to evaluate: make it simpler", x.Field)
	}
	return nil, x.failure(class, x.position(err))
}

// failure says that the expression and what it reads don't go together.
func (x *Expression) failure(class provider.Class, position string) error {
	switch class {
	case provider.Transient:
		return provider.Errorf(class, "%s%s does not fit the service's answer", x.Field, position)
	case provider.Invalid:
		return provider.Errorf(class,
			`%s%s can't be evaluated for this record: what not every record has is read like contact.attributes[?"plan"].orValue("")`,
			x.Field, position)
	}
	return provider.Errorf(class, "%s%s can't be evaluated", x.Field, position)
}

// position of the part that failed, as :line:column, or nothing.
func (x *Expression) position(err error) string {
	var failed *types.Err
	if !errors.As(err, &failed) {
		return ""
	}
	l := x.source.GetStartLocation(failed.NodeID())
	if l.Line() < 1 {
		return ""
	}
	return position(l.Line(), l.Column())
}

// position in the way of compilers: both numbers count from one. cel-go counts columns from zero.
func position(line, column int) string {
	return ":" + strconv.Itoa(line) + ":" + strconv.Itoa(column+1)
}

// Unwrap opens an optional value. An empty one is null.
func Unwrap(v ref.Val) ref.Val {
	for {
		o, ok := v.(*types.Optional)
		if !ok {
			return v
		}
		if !o.HasValue() {
			return types.NullValue
		}
		v = o.GetValue()
	}
}

// compileError quotes the compiler. The expression is the administrator's own text, so it may be shown.
func compileError(field string, issues *cel.Issues) error {
	var b strings.Builder
	for i, issue := range issues.Errors() {
		if i > 0 {
			b.WriteString("; ")
		}
		b.WriteString(field + position(issue.Location.Line(), issue.Location.Column()) + ": " + issue.Message)
	}
	if b.Len() == 0 { // not from the compiler itself: the expression is too long, for example
		b.WriteString(field + ": " + issues.Err().Error())
	}
	return &provider.Error{Class: provider.Config, Message: oneLine(b.String())}
}

// oneLine makes a text fit a condition.
func oneLine(s string) string {
	s = strings.Join(strings.Fields(s), " ")
	if len(s) > maxCompilerText {
		s = strings.ToValidUTF8(s[:maxCompilerText], "") + " …"
	}
	return s
}

// checkKind compares the type that the compiler found with what the field wants. A type that is only known at run time
// passes.
func checkKind(field string, t *cel.Type, kinds []types.Kind) error {
	for t.Kind() == types.OpaqueKind && t.TypeName() == types.OptionalType.TypeName() {
		t = t.Parameters()[0]
	}
	if len(kinds) == 0 || t.Kind() == types.DynKind || t.Kind() == types.AnyKind || t.Kind() == types.TypeParamKind {
		return nil
	}
	for _, k := range kinds {
		if t.Kind() == k {
			return nil
		}
	}
	want := "a string"
	switch kinds[0] {
	case types.BoolKind:
		want = "true or false"
	case types.ListKind:
		want = "a list"
	}
	return provider.Errorf(provider.Config, "%s: its value is of type %s, and has to be %s", field, t, want)
}
