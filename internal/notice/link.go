package notice

import (
	"errors"
	"net/url"
)

// Errors of Render. None repeats what it was given: a link may carry a token.
var (
	ErrUnknownKind = errors.New("notice: unknown kind")
	ErrLinkMissing = errors.New("notice: this kind needs a link or a token")
	ErrLinkInvalid = errors.New("notice: the link is not an absolute http or https URL")
)

// checkLink returns the link as it may stand in a message.
func checkLink(kind Kind, link, token string) (string, error) {
	if link == "" {
		if kind == ClearingObjection && token == "" {
			return "", ErrLinkMissing
		}
		return "", nil
	}
	u, err := url.Parse(link)
	if err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" {
		return "", ErrLinkInvalid
	}
	return u.String(), nil
}
