// Package email is the adapter to the e-mail provider, SendGrid, through its own client.
//
// It promises one request per Send, and that every failure says whether the mail may have gone out: [*Refusal] this mail
// will never be taken; [ErrUnavailable] nothing was sent, send again later; [ErrUnknown] it may have been sent. The
// provider knows no idempotency key, so after ErrUnknown a repeat can mean a second mail (process: "Notices").
//
// It refuses to have the provider track opens and clicks: notices carry single-use links that are nobody else's to
// rewrite. It never puts an address, a text or the provider's words into an error.
package email
