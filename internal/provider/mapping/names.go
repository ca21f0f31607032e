package mapping

// NamesIfNew is what fills a last name that a system requires of a new record, where the values have none: what can be told from the
// name, or else a placeholder. A name of one word is then the last name, and no first name, which nil says. It is for new records
// alone: one that is there may have a name that somebody has put right.
func NamesIfNew(name string, values map[string]any, firstField, lastField, placeholder string) map[string]any {
	if values[lastField] != nil {
		return nil
	}
	first, last := SplitName(name)
	switch {
	case last != "":
		return map[string]any{lastField: last}
	case first == "":
		return map[string]any{lastField: placeholder}
	case values[firstField] == first:
		return map[string]any{lastField: first, firstField: nil}
	}
	return map[string]any{lastField: first}
}
