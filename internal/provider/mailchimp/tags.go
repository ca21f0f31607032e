package mailchimp

import (
	"context"
	"slices"

	"github.com/contact-operator/contact-operator/internal/provider"
	"github.com/contact-operator/contact-operator/internal/provider/expression"
)

// maxTags bounds the tags of one member.
const maxTags = 50

// tagger says which tags a Contact gets.
type tagger struct {
	fixed []string
	more  *expression.Expression // nil: none
}

func compileTags(env expression.Environment, c Config) (*tagger, error) {
	t := &tagger{fixed: c.Tags}
	if c.TagsExpression == "" {
		return t, nil
	}
	var err error
	t.more, err = env.Compile("spec.mailchimp.tagsExpression", c.TagsExpression)
	return t, err
}

// render gives the tags, sorted. Its errors are *Errors of class Invalid.
func (t *tagger) render(c *provider.Contact) ([]string, error) {
	tags := slices.Clone(t.fixed)
	if t.more != nil {
		v, err := t.more.Eval(context.Background(), provider.Invalid, c) // nothing is waited for, and the cost is limited
		if err != nil {
			return nil, err
		}
		plain, err := expression.Plain(v)
		list, ok := plain.([]any)
		if err != nil || !ok && plain != nil {
			return nil, provider.Errorf(provider.Invalid, "spec.mailchimp.tagsExpression gives something else than a list of texts for this record")
		}
		for _, element := range list {
			tag, ok := element.(string)
			if !ok {
				return nil, provider.Errorf(provider.Invalid, "spec.mailchimp.tagsExpression gives something else than a list of texts for this record")
			}
			if fitsTag(tag) { // what somebody typed may be blank, or too long for a tag
				tags = append(tags, tag)
			}
		}
	}
	slices.Sort(tags)
	tags = slices.Compact(tags)
	return tags[:min(len(tags), maxTags)], nil
}
