// Package sms is the adapter to the SMS provider, Alibaba Cloud's dysmsapi (阿里云短信), through its own client.
//
// It promises one request per Send, the client's own retries being off, and that every failure says whether the message
// may have gone out: [*Refusal] this message will never be taken; [ErrUnavailable] nothing was sent, send again later;
// [ErrUnknown] it may have been sent. The provider knows no idempotency key, so after ErrUnknown a repeat can mean a
// second message (process: "Notices").
//
// It refuses to compose text: the provider sends registered templates only, so a message is a template's code and its
// parameters. It never puts a number, a parameter or the provider's text into an error.
//
// The provider's client cannot be given a context or a bound on the answer's size. Send returns when its context ends
// all the same; the request then ends by itself within the configured time-out.
package sms
