package restore

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"shiming/internal/postgres"
	"shiming/registration"
)

func TestWhoIsOlderIsToldByTheMarks(t *testing.T) {
	t.Parallel()
	at := func(number, acknowledged int64) postgres.Anchor {
		return postgres.Anchor{Mark: registration.Mark{DatabaseID: "one", Number: number}, Acknowledged: acknowledged}
	}
	kept := func(id string, number int64) *registration.Mark {
		return &registration.Mark{DatabaseID: id, Number: number}
	}
	for what, c := range map[string]struct {
		db   postgres.Anchor
		kept *registration.Mark
		want Verdict
	}{
		"they have never met":                               {at(0, 0), nil, FirstStart},
		"the first mark has not reached the engine":         {at(1, 0), nil, FirstStart},
		"both stand at the same":                            {at(7, 7), kept("one", 7), InStep},
		"the engine has not been told the newest":           {at(8, 7), kept("one", 7), InStep},
		"it was, and the database has not noted so":         {at(8, 7), kept("one", 8), InStep},
		"the database is older":                             {at(7, 7), kept("one", 8), DatabaseBehind},
		"the database is older than its first mark":         {at(0, 0), kept("one", 1), DatabaseBehind},
		"the database is another's, and has come less far":  {at(3, 3), kept("two", 9), DatabaseBehind},
		"the database is another's, and has come as far":    {at(9, 9), kept("two", 9), DatabaseBehind},
		"the engine is older":                               {at(9, 9), kept("one", 8), EngineBehind},
		"the engine has lost everything":                    {at(9, 9), nil, EngineBehind},
		"the engine is older than what it has acknowledged": {at(12, 9), kept("one", 8), EngineBehind},
	} {
		got, why := Judge(c.db, c.kept, c.db)
		assert.Equal(t, c.want, got, what)
		assert.NotEmpty(t, why, what)
	}
}

// Others raise marks while the two are read, and tell the engine.
func TestMarksThatRiseMeanwhileSayNothing(t *testing.T) {
	t.Parallel()
	at := func(number, acknowledged int64) postgres.Anchor {
		return postgres.Anchor{Mark: registration.Mark{DatabaseID: "one", Number: number}, Acknowledged: acknowledged}
	}
	kept := &registration.Mark{DatabaseID: "one", Number: 8}
	v, _ := Judge(at(7, 7), kept, at(8, 7))
	assert.Equal(t, InStep, v, "raised and kept before the engine was read")
	v, _ = Judge(at(8, 8), kept, at(9, 9))
	assert.Equal(t, InStep, v, "raised and kept after it was")
	v, _ = Judge(at(7, 7), kept, at(7, 7))
	assert.Equal(t, DatabaseBehind, v)
	v, _ = Judge(at(9, 9), kept, at(9, 9))
	assert.Equal(t, EngineBehind, v)
}

// What the database says by itself needs no engine.
func TestADatabaseMaySpeakForItself(t *testing.T) {
	t.Parallel()
	for want, db := range map[Verdict]postgres.Anchor{
		Held:           {Held: true, PutBack: true, Fell: true},
		DatabaseBehind: {PutBack: true},
	} {
		v, why := Judge(postgres.Anchor{}, nil, db)
		assert.Equal(t, want, v)
		assert.NotEmpty(t, why)
	}
	v, _ := Judge(postgres.Anchor{}, nil, postgres.Anchor{Fell: true})
	assert.Equal(t, DatabaseBehind, v)
}
