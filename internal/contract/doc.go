// Package contract holds answers and requests to the OpenAPI document that the API publishes, for the tests: what the
// suites see is what the document says, or a test fails.
//
// It promises to judge an exchange by the document alone: path, method, parameters, bodies, the status, the content type
// and the headers of the answer, and the code of a refusal, which must be among those listed for the operation.
//
// It refuses to know the API: it is given the document as bytes, so that the API's own tests can use it too.
package contract
