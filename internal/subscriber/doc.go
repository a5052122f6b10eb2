// Package subscriber sends webhooks to addresses that strangers chose.
//
// It promises that no request reaches an address of our own network, whatever the subscriber's name server says: the
// address is judged when the connection is made (https://owasp.org/www-community/attacks/Server_Side_Request_Forgery).
// Requests are signed by the Standard Webhooks scheme, end within their time, follow no redirect and use no
// proxy, and of the answer only the status is looked at.
//
// It refuses to retry, and to repeat a word of the other side: a failure is a class.
package subscriber
