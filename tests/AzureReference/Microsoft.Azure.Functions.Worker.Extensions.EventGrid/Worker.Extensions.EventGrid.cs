// Microsoft.Azure.Functions.Worker.Extensions.EventGrid 3.6.0. It binds CloudEvent, EventGridEvent, BinaryData, string and their arrays.
using Microsoft.Azure.Functions.Worker.Extensions.Abstractions;

namespace Microsoft.Azure.Functions.Worker;

public sealed class EventGridTriggerAttribute : TriggerBindingAttribute
{
    public bool IsBatched { get; set; }
}
