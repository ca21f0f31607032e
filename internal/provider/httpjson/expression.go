package httpjson

import (
	"context"
	"errors"
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
	// tenth of a second has gone by.
	costLimit = 100_000
	// interruptEvery is how many turns of a loop pass between two looks at the context.
	interruptEvery = 100
	// maxCompilerText bounds what is quoted of the compiler, in bytes.
	maxCompilerText = 512
)

// expression is a compiled CEL expression over one variable.
type expression struct {
	field    string // for messages: spec.http.upsert.body
	variable string
	program  cel.Program
	source   *celast.SourceInfo
	// constant: the variable does not occur, so that the value is the same for all records.
	constant bool
	// readsBody: the expression may look at response.body.
	readsBody bool
}

// compile checks an expression and its type, as far as it is known before there is a value. No kinds: any will do.
func (e *environment) compile(field, text string, kinds ...types.Kind) (*expression, error) {
	ast, issues := e.env.Compile(text)
	if issues.Err() != nil {
		return nil, compileError(field, issues)
	}
	if err := checkKind(field, ast.OutputType(), kinds); err != nil {
		return nil, err
	}
	program, err := e.env.Program(ast,
		cel.EvalOptions(cel.OptOptimize),
		cel.CostLimit(costLimit),
		cel.InterruptCheckFrequency(interruptEvery))
	if err != nil {
		// What only shows here is a constant that can't be evaluated, such as a malformed regular expression.
		return nil, provider.Errorf(provider.Config, "%s: %s", field, oneLine(err.Error()))
	}
	x := &expression{field: field, variable: e.variable, program: program, source: ast.NativeRep().SourceInfo()}
	x.constant, x.readsBody = uses(ast.NativeRep(), e.variable)
	return x, nil
}

// uses looks for the variable. Any use of response other than its status and headers may read the body.
func uses(ast *celast.AST, variable string) (constant, readsBody bool) {
	all, harmless := 0, 0
	celast.PreOrderVisit(ast.Expr(), celast.NewExprVisitor(func(x celast.Expr) {
		switch {
		case x.Kind() == celast.IdentKind && x.AsIdent() == variable:
			all++
		case x.Kind() == celast.SelectKind:
			s := x.AsSelect()
			if o := s.Operand(); o.Kind() == celast.IdentKind && o.AsIdent() == variable &&
				(s.FieldName() == "status" || s.FieldName() == "headers") {
				harmless++
			}
		}
	}))
	return all == 0, all > harmless
}

// eval evaluates the expression. A failure is the class that the caller gives it, and says where in the expression it
// arose, never what the values were: cel-go's own texts hold them.
func (x *expression) eval(ctx context.Context, class provider.Class, value any) (ref.Val, error) {
	v, _, err := x.program.ContextEval(ctx, map[string]any{x.variable: value})
	if err == nil {
		return unwrap(v), nil
	}
	if ctx.Err() != nil {
		return nil, &provider.Error{Class: provider.Transient, Message: "no answer within the deadline", Err: ctx.Err()}
	}
	if cancelled := (interpreter.EvalCancelledError{}); errors.As(err, &cancelled) {
		return nil, provider.Errorf(class, "%s takes too long to evaluate: make it simpler", x.field)
	}
	return nil, x.failure(class, x.position(err))
}

// failure says that the expression and what it reads don't go together.
func (x *expression) failure(class provider.Class, position string) error {
	switch class {
	case provider.Transient:
		return provider.Errorf(class, "%s%s does not fit the service's answer", x.field, position)
	case provider.Invalid:
		return provider.Errorf(class,
			`%s%s can't be evaluated for this record: what not every record has is read like contact.attributes[?"plan"].orValue("")`,
			x.field, position)
	}
	return provider.Errorf(class, "%s%s can't be evaluated", x.field, position)
}

// position of the part that failed, as :line:column, or nothing.
func (x *expression) position(err error) string {
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

// unwrap opens an optional value. An empty one is null.
func unwrap(v ref.Val) ref.Val {
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
	if kinds[0] == types.BoolKind {
		want = "true or false"
	}
	return provider.Errorf(provider.Config, "%s: its value is of type %s, and has to be %s", field, t, want)
}
