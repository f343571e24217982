package main

import (
	"context"

	corev1 "k8s.io/api/core/v1"
	eventsv1 "k8s.io/api/events/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
)

func checkEvents(ctx context.Context, c *clients) error {
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "e1", Namespace: c.namespace}, EventTime: metav1.NowMicro(), Type: "Normal", Reason: "Checked", Action: "Check",
		ReportingController: "dataplane.io/check", ReportingInstance: "one", Note: "told",
		Regarding: corev1.ObjectReference{Kind: "Namespace", Name: c.namespace, Namespace: c.namespace, APIVersion: "v1"},
	}
	if _, err := c.typed.EventsV1().Events(c.namespace).Create(ctx, event, metav1.CreateOptions{}); err != nil {
		return err
	}
	core, err := c.typed.CoreV1().Events(c.namespace).List(ctx, metav1.ListOptions{FieldSelector: "involvedObject.name=" + c.namespace + ",reason=Checked,type=Normal,reportingComponent=dataplane.io/check"})
	if err != nil {
		return err
	}
	if err := expect(len(core.Items) == 1 && core.Items[0].Message == "told" && core.Items[0].InvolvedObject.Name == c.namespace, "core events: %+v", core.Items); err != nil {
		return err
	}
	old := &corev1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "e2", Namespace: c.namespace}, InvolvedObject: corev1.ObjectReference{Kind: "Namespace", Name: c.namespace, Namespace: c.namespace},
		FirstTimestamp: metav1.Now(), LastTimestamp: metav1.Now(), Count: 1, Type: "Warning", Reason: "Old", Message: "older", Source: corev1.EventSource{Component: "check"},
	}
	if _, err := c.typed.CoreV1().Events(c.namespace).Create(ctx, old, metav1.CreateOptions{}); err != nil {
		return err
	}
	newer, err := c.typed.EventsV1().Events(c.namespace).Get(ctx, "e2", metav1.GetOptions{})
	if err != nil {
		return err
	}
	return expect(newer.Note == "older" && newer.DeprecatedCount == 1 && newer.DeprecatedSource.Component == "check", "events.k8s.io event: %+v", newer)
}

func checkEventNamespaces(ctx context.Context, c *clients) error {
	event := &eventsv1.Event{
		ObjectMeta: metav1.ObjectMeta{Name: "misplaced", Namespace: c.namespace}, EventTime: metav1.NowMicro(), Type: "Normal", Reason: "Checked", Action: "Check",
		ReportingController: "dataplane.io/check", ReportingInstance: "one", Regarding: corev1.ObjectReference{Kind: "Namespace", Name: c.namespace, APIVersion: "v1"},
	}
	_, err := c.typed.EventsV1().Events(c.namespace).Create(ctx, event, metav1.CreateOptions{})
	return expect(apierrors.IsInvalid(err), "an event of what is in no namespace, outside of the default one: %v", err)
}
