package postgres

import (
	"fmt"
	"strings"
	"time"
)

// listing reads one page of a table in the order of an index that begins with the columns one can filter by. What a
// filter leaves open is spelled out, a branch for each value, and the branches are merged: each costs no more than a
// page, however the rows are spread over the values. One scan that throws away what does not fit could read them all.
type listing struct {
	from, columns, order string
	limit                int
	args                 []any
	conditions           []string
	branches             []string
}

// where adds a condition with a ? for each value.
func (l *listing) where(condition string, values ...any) {
	for _, v := range values {
		l.args = append(l.args, v)
		condition = strings.Replace(condition, "?", fmt.Sprintf("$%d", len(l.args)), 1)
	}
	l.conditions = append(l.conditions, condition)
}

// open asks for one value of a column or, if it is empty, for each of those there are.
func open[T ~string](l *listing, column string, value T, all ...T) {
	if value != "" {
		l.where(column+" = ?", value)
		return
	}
	var each []string
	for _, v := range all {
		each = append(each, fmt.Sprintf("%s = '%s'", column, v)) // constants of ours
	}
	l.branch(each...)
}

// flag asks for one value of a boolean column or, if it is nil, for both.
func (l *listing) flag(column string, value *bool) {
	if value == nil {
		l.branch(column, "not "+column)
		return
	}
	l.conditions = append(l.conditions, map[bool]string{true: column, false: "not " + column}[*value])
}

// beyond begins a page where a cursor says, by a condition on the columns of the order; an empty one begins at the start.
func (l *listing) beyond(cursor, condition string) error {
	if cursor == "" {
		return nil
	}
	at, id, err := readCursor(cursor)
	if err != nil {
		return err
	}
	l.where(condition, at, id)
	return nil
}

// branch splits every branch there is by conditions that exclude each other.
func (l *listing) branch(by ...string) {
	if len(l.branches) == 0 {
		l.branches = by
		return
	}
	var split []string
	for _, b := range l.branches {
		for _, c := range by {
			split = append(split, b+" and "+c)
		}
	}
	l.branches = split
}

// sql is the query of the page.
func (l *listing) sql() string {
	end := fmt.Sprintf(" order by %s limit %d", l.order, l.limit)
	common := strings.Join(l.conditions, " and ")
	if common == "" {
		common = "true"
	}
	one := func(more string) string {
		return fmt.Sprintf("select %s from %s where %s%s%s", l.columns, l.from, common, more, end)
	}
	if len(l.branches) == 0 {
		return one("")
	}
	all := make([]string, len(l.branches))
	for i, b := range l.branches {
		all[i] = "(" + one(" and "+b) + ")"
	}
	return strings.Join(all, " union all ") + end
}

// trim leaves a page its limit of items. One beyond them says that there is another page, after the key of the last one kept.
func trim[T any](items []T, limit int, key func(T) (time.Time, string)) (kept []T, next string) {
	if len(items) <= limit {
		return items, ""
	}
	at, id := key(items[limit-1])
	return items[:limit], cursor(at, id)
}
