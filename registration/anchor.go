package registration

// AnchorWorkflow remembers, on the engine's side, how far the database had come.
const AnchorWorkflow = "Anchor"

// SignalMark tells the anchor a [Mark].
const SignalMark = "mark"

// Mark is how far a database has come: its number rises with what is committed and never falls, so that a database or an engine
// that was restored to an earlier time is known by it.
type Mark struct {
	DatabaseID string `json:"database_id"` // another's marks count for nothing
	Number     int64  `json:"number"`
}

// Newest is the mark that counts after another has come: the greater of one database's, or what another database says, which has
// taken its place by ops' word.
func (m Mark) Newest(came Mark) Mark {
	if m.DatabaseID == came.DatabaseID && m.Number > came.Number {
		return m
	}
	return came
}

// AnchorWorkflowID names the one anchor of a task queue.
func AnchorWorkflowID(taskQueue string) string { return "anchor/" + taskQueue }
