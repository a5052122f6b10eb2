package engine

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"shiming/registration"
)

// Ready reports whether Temporal answers and its namespace is as the product needs it.
func (e *Engine) Ready(ctx context.Context) error {
	if !e.verified.Load() {
		return e.verify(ctx)
	}
	if _, err := e.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("%w: %s", ErrUnavailable, manner(err))
	}
	return nil
}

// verify looks for every search attribute: an upsert of one that is missing would block its workflow for ever.
func (e *Engine) verify(ctx context.Context) error {
	if _, err := e.client.CheckHealth(ctx, &client.CheckHealthRequest{}); err != nil {
		return fmt.Errorf("%w: %s", ErrUnavailable, manner(err))
	}
	found, err := e.client.OperatorService().ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: e.namespace})
	var none *serviceerror.NamespaceNotFound
	switch {
	case errors.As(err, &none):
		return fmt.Errorf("engine: Temporal has no namespace %q; create it with: temporal operator namespace create --namespace %s", e.namespace, e.namespace)
	case err != nil:
		return fmt.Errorf("%w: %s", ErrUnavailable, manner(err))
	}
	if err := missing(found.GetCustomAttributes(), e.namespace); err != nil {
		return err
	}
	e.verified.Store(true)
	return nil
}

// missing names the search attributes that are not registered, or with another type, and how to create them.
func missing(found map[string]enumspb.IndexedValueType, namespace string) error {
	var errs []error
	wanted := registration.SearchAttributes()
	for _, name := range slices.Sorted(maps.Keys(wanted)) {
		kind, known := found[name]
		switch {
		case !known:
			errs = append(errs, fmt.Errorf("engine: search attribute %s is not registered; create it with: temporal operator search-attribute create --namespace %s --name %s --type %s",
				name, namespace, name, wanted[name]))
		case kind.String() != wanted[name]:
			errs = append(errs, fmt.Errorf("engine: search attribute %s is of type %s and must be %s", name, kind, wanted[name]))
		}
	}
	return errors.Join(errs...)
}
