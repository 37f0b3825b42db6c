using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Functions.Hosting;

namespace Interlock.Functions.Edge;

/// <summary>For whom the events of the topic's subscription count; nobody where none was configured, and then no event is taken.</summary>
public sealed record EventSource(Principal? Principal)
{
    internal static EventSource Of(SettingReader settings, TenantId tenant) => new(
        settings.Text(SettingNames.EventPublisher) is { } id ? new Principal(tenant, id, PrincipalKind.Application, "Event Grid", [], ["event-source"]) : null);
}
