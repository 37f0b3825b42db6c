using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Json;
using Interlock.Local.Hosting;
using Interlock.Samples.DemoServers;

namespace Interlock.Local.Demo;

/// <summary>The representative workflow: an alert, a classifying agent, a gate, and what follows an approval.</summary>
internal sealed class IncidentScenario : IDemoScenario
{
    public IEnumerable<(string What, Func<CancellationToken, Task<RegistryResult>> Register)> Registrations(LocalServices services, DemoServers servers, DemoCast cast)
    {
        var (dana, registry) = (services.User(cast.Dana.Id)!, services.Registry); // written at the start
        yield return ("server ticketing", stop => registry.RegisterServerAsync(dana, "ticketing", servers.Ticketing, stop));
        yield return ("server remediation", stop => registry.RegisterServerAsync(dana, "remediation", servers.Remediation, stop));
        yield return ("server chat", stop => registry.RegisterServerAsync(dana, "chat", servers.Chat, stop));
        yield return ("agent ticket-classifier", stop => registry.RegisterAgentAsync(dana, "ticket-classifier", "1.0.0", servers.Classifier, stop));
        yield return ("policy", stop => registry.PublishPolicyAsync(dana, SampleFiles.Read("policies/incident.yaml"), stop));
        yield return ("workflow", stop => registry.PublishWorkflowAsync(dana, SampleFiles.Read("workflows/incident-remediation.yaml"), "incident-remediation.yaml", stop));
    }

    /// <summary>Delivers the alert as monitoring would: a CloudEvent to <c>/api/events</c> with an application's token.</summary>
    public async Task<RunId> StartAsync(LocalServices services, LocalWeb web, DemoCast cast, CancellationToken cancellationToken)
    {
        var monitoring = new Principal(new TenantId(LocalOptions.Tenant), DemoCast.AlertSource, PrincipalKind.Application, "Monitoring", [], ["event-source"]);
        var alert = JsonValue.Object(
            ("specversion", "1.0"), ("id", Guid.NewGuid().ToString()), ("source", "/monitoring/demo"), ("type", "com.zendesk.ticket.escalated"),
            ("data", JsonValue.Object(
                ("id", "4711"), ("subject", "Checkout is down after the release"), ("requester", "customer@example.com"),
                ("body", "Since release 2026.11.2 of checkout every payment ends in error 500. Please roll back."))));
        var answer = await DemoApi.PostAsync(services, web, monitoring, "/api/events", "application/cloudevents+json", alert, cancellationToken);
        return new RunId(answer["runs"]?[0]?["runId"]?.StringOrNull() ?? throw new DemoException("The alert started no run."));
    }
}
