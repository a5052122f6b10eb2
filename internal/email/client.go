package email

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/mail"
	"strings"
	"time"

	"github.com/sendgrid/rest"
	"github.com/sendgrid/sendgrid-go"
	sgmail "github.com/sendgrid/sendgrid-go/helpers/mail"

	"shiming/internal/outside"
)

const (
	defaultHost = "https://api.sendgrid.com"
	sendPath    = "/v3/mail/send"
)

var (
	// ErrUnavailable says that nothing was sent and that the mail may be sent again later.
	ErrUnavailable = outside.ErrUnavailable
	// ErrUnknown says that the mail may have been sent.
	ErrUnknown = outside.ErrUnknown
)

// Refusal is the provider's definite no to this very mail.
type Refusal struct {
	// Status is the HTTP status: 400 for a bad address or content, 413 for too much of it.
	Status int
}

func (r *Refusal) Error() string { return fmt.Sprintf("email refused with status %d", r.Status) }

// Config says where the provider is and as whom to send.
type Config struct {
	// Host is a URL without a path; default https://api.sendgrid.com.
	Host        string
	APIKey      string
	FromName    string
	FromAddress string
	// HTTPClient is optional.
	HTTPClient *http.Client
	// Timeout bounds one request; 0 means outside.DefaultTimeout.
	Timeout time.Duration
}

// Message is one mail to one address. Text is required, HTML optional.
type Message struct{ To, Subject, Text, HTML string }

// Client sends mails. It is safe for concurrent use.
type Client struct {
	host, apiKey string
	from         *sgmail.Email
	http         *rest.Client
	timeout      time.Duration
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	if cfg.APIKey == "" {
		return nil, errors.New("email: no API key")
	}
	if _, err := mail.ParseAddress(cfg.FromAddress); err != nil {
		return nil, errors.New("email: from address is not an e-mail address")
	}
	host := strings.TrimSuffix(cfg.Host, "/")
	if host == "" {
		host = defaultHost
	}
	return &Client{
		host: host, apiKey: cfg.APIKey, from: sgmail.NewEmail(cfg.FromName, cfg.FromAddress),
		http: &rest.Client{HTTPClient: outside.HTTPClient(cfg.HTTPClient)}, timeout: outside.TimeoutOr(cfg.Timeout),
	}, nil
}

// Send hands one mail to the provider and returns the provider's id for it.
func (c *Client) Send(ctx context.Context, m Message) (providerID string, err error) {
	ctx, cancel := context.WithTimeout(ctx, c.timeout)
	defer cancel()
	ctx, contact := outside.Watch(ctx)

	request := sendgrid.GetRequest(c.apiKey, sendPath, c.host)
	request.Method = rest.Post
	request.Body = sgmail.GetRequestBody(c.compose(m))
	response, err := c.http.SendWithContext(ctx, request)
	if response == nil {
		return "", fmt.Errorf("email: %w", contact.Failure(err))
	}
	// The status counts even if the body behind it was cut off: it says whether the mail was taken.
	if err := outside.CheckStatus(response.StatusCode); err != nil {
		return "", fmt.Errorf("email: %w", err)
	}
	switch response.StatusCode {
	case http.StatusBadRequest, http.StatusRequestEntityTooLarge, http.StatusUnprocessableEntity:
		return "", &Refusal{Status: response.StatusCode}
	case http.StatusOK, http.StatusAccepted:
		return http.Header(response.Headers).Get("X-Message-Id"), nil
	default:
		// A 404 or 405, say: the wrong host, no word on this mail.
		return "", fmt.Errorf("email: %w: status %d", ErrUnavailable, response.StatusCode)
	}
}

func (c *Client) compose(m Message) *sgmail.SGMailV3 {
	to := sgmail.NewPersonalization()
	to.AddTos(sgmail.NewEmail("", m.To))
	out := sgmail.NewV3Mail().SetFrom(c.from).AddPersonalizations(to)
	out.Subject = m.Subject
	out.AddContent(sgmail.NewContent("text/plain", m.Text))
	if m.HTML != "" {
		out.AddContent(sgmail.NewContent("text/html", m.HTML))
	}
	off := sgmail.NewClickTrackingSetting().SetEnable(false).SetEnableText(false)
	return out.SetTrackingSettings(sgmail.NewTrackingSettings().
		SetClickTracking(off).SetOpenTracking(sgmail.NewOpenTrackingSetting().SetEnable(false)))
}
