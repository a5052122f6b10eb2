package sms

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	openapi "github.com/alibabacloud-go/darabonba-openapi/v2/client"
	dysms "github.com/alibabacloud-go/dysmsapi-20170525/v5/client"
	"github.com/alibabacloud-go/tea-utils/v2/service"
	"github.com/alibabacloud-go/tea/tea"

	"shiming/internal/outside"
)

// connectSeconds is how long a connection may take: a provider that cannot be reached is told apart from one that does not
// answer. The client takes this one time-out for seconds.
const connectSeconds = 4

// idleConnections are kept open to the provider; the client's own default is 2.
const idleConnections = 16

// Config says where the provider is and as whom to send.
type Config struct {
	// Endpoint is a host, or host:port; dysmsapi.aliyuncs.com in production.
	Endpoint string
	// Protocol is "https" (default) or "http".
	Protocol        string
	AccessKeyID     string
	AccessKeySecret string
	// SignName is the registered signature each message begins with (短信签名).
	SignName string
	// Timeout bounds one request; 0 means outside.DefaultTimeout.
	Timeout time.Duration
}

// Message is one SMS to one mobile number.
type Message struct {
	// To is an 11-digit mainland mobile number.
	To string
	// Template is the code of a registered template; Params fill its ${names}.
	Template string
	Params   map[string]string
}

// Client sends messages. It is safe for concurrent use.
type Client struct {
	api     *dysms.Client
	sign    string
	runtime *service.RuntimeOptions
}

// New checks the configuration; it does not connect.
func New(cfg Config) (*Client, error) {
	if cfg.Endpoint == "" || cfg.AccessKeyID == "" || cfg.AccessKeySecret == "" || cfg.SignName == "" {
		return nil, errors.New("sms: endpoint, access key id, access key secret and sign name are required")
	}
	protocol := strings.ToLower(cfg.Protocol)
	if protocol == "" {
		protocol = "https"
	}
	if protocol != "https" && protocol != "http" {
		return nil, errors.New("sms: protocol must be https or http")
	}
	milliseconds := int(outside.TimeoutOr(cfg.Timeout).Milliseconds())
	settings := &openapi.Config{
		AccessKeyId:     tea.String(cfg.AccessKeyID),
		AccessKeySecret: tea.String(cfg.AccessKeySecret),
		Endpoint:        tea.String(cfg.Endpoint),
		Protocol:        tea.String(protocol),
		// The client's read time-out is in fact that of the whole request.
		ReadTimeout:    tea.Int(milliseconds),
		ConnectTimeout: tea.Int(connectSeconds),
		MaxIdleConns:   tea.Int(idleConnections),
	}
	if loopback(cfg.Endpoint) {
		// The client takes HTTP_PROXY literally, even for this machine.
		settings.NoProxy = tea.String(cfg.Endpoint)
	}
	api, err := dysms.NewClient(settings)
	if err != nil {
		return nil, errors.New("sms: the provider's client refused the configuration")
	}
	return &Client{api: api, sign: cfg.SignName, runtime: &service.RuntimeOptions{Autoretry: tea.Bool(false)}}, nil
}

// Send hands one message to the provider and returns the provider's id for it.
func (c *Client) Send(ctx context.Context, m Message) (providerID string, err error) {
	if ctx.Err() != nil {
		return "", fmt.Errorf("sms: %w: call cancelled", ErrUnavailable)
	}
	params, err := json.Marshal(m.Params)
	if err != nil {
		return "", errors.New("sms: parameters cannot be written as JSON")
	}
	request := &dysms.SendSmsRequest{
		PhoneNumbers: tea.String(m.To),
		SignName:     tea.String(c.sign),
		TemplateCode: tea.String(m.Template),
	}
	if len(m.Params) > 0 {
		request.TemplateParam = tea.String(string(params))
	}
	type outcome struct {
		id  string
		err error
	}
	done := make(chan outcome, 1)
	go func() {
		id, err := c.call(request)
		done <- outcome{id, err}
	}()
	select {
	case o := <-done:
		return o.id, o.err
	case <-ctx.Done():
		return "", fmt.Errorf("sms: %w: call cancelled", ErrUnknown)
	}
}

func (c *Client) call(request *dysms.SendSmsRequest) (string, error) {
	response, err := c.api.SendSmsWithOptions(request, c.runtime)
	if err != nil {
		return "", failed(err)
	}
	body := response.Body
	if body == nil {
		return "", fmt.Errorf("sms: %w: empty answer", ErrUnknown)
	}
	if code := tea.StringValue(body.Code); code != "OK" {
		return "", refused(code)
	}
	return tea.StringValue(body.BizId), nil
}

func loopback(endpoint string) bool {
	host, _, err := net.SplitHostPort(endpoint)
	if err != nil {
		host = endpoint
	}
	ip := net.ParseIP(host)
	return host == "localhost" || (ip != nil && ip.IsLoopback())
}
