package sandbox

import (
	"encoding/json"
	"io"
	"net/http"
)

// maxBody bounds what is read of a request, in bytes; mails are the longest.
const maxBody = 4 << 20

// readJSON reads the body to its end (only then can the server notice that the caller hangs up) into v. It answers 400
// and returns false if the body is not JSON of v's shape.
func readJSON(w http.ResponseWriter, r *http.Request, v any) bool {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err == nil {
		err = json.Unmarshal(raw, v)
	}
	if err != nil {
		writeError(w, http.StatusBadRequest, "malformed_request", "the body is not the JSON expected here")
		return false
	}
	return true
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	raw, err := json.Marshal(v)
	if err != nil {
		http.Error(w, "cannot be written as JSON", http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "application/json; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write(append(raw, '\n')) // the caller has hung up; there is nobody to tell
}

// writeError answers in the form of bank and wallet.
func writeError(w http.ResponseWriter, status int, code, message string) {
	writeJSON(w, status, map[string]string{"code": code, "message": message})
}

// idempotencyKey returns the call's key, or answers 422 and returns false.
func idempotencyKey(w http.ResponseWriter, r *http.Request) (string, bool) {
	key := r.Header.Get("Idempotency-Key")
	if key == "" {
		writeError(w, http.StatusUnprocessableEntity, "idempotency_key_required", "send an Idempotency-Key header")
		return "", false
	}
	return key, true
}
