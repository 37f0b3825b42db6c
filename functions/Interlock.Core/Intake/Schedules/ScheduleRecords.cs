using System.Globalization;
using Interlock.Core.Audit;
using Interlock.Core.Workflows;
using Interlock.Json;

namespace Interlock.Core.Intake.Schedules;

/// <summary>The audit records of schedules: that one was activated, and that a run of it was refused.</summary>
internal static class ScheduleRecords
{
    public static AuditRecord Activated(TenantId tenant, string workflow, Activation activation, string timetable, IEnumerable<TimeWindow> windows, DateTimeOffset now) =>
        Of(tenant, workflow, activation, $"schedule:{workflow}:{activation.Version}:{Ticks(activation.ChangedAt)}", AuditTypes.ScheduleActivated, now) with
        {
            Decision = "activated",
            Details = JsonValue.Object(("runAs", activation.RunAs), ("timetable", timetable), ("windows", JsonValue.Array(windows.Select(Describe)))),
        };

    /// <summary>One a minute for each rule, however close together the times are: a schedule fills no audit.</summary>
    public static AuditRecord Refused(TenantId tenant, string workflow, Activation activation, DateTimeOffset due, Problem problem, DateTimeOffset now) =>
        Of(tenant, workflow, activation, $"schedule:{workflow}:{activation.Version}:refused:{problem.Rule}:{Minute(due)}", AuditTypes.CallRefused, now) with
        {
            Decision = "refused",
            Stage = "schedule",
            Rule = problem.Rule,
            Reason = problem.Detail,
        };

    private static AuditRecord Of(TenantId tenant, string workflow, Activation activation, string id, string type, DateTimeOffset now) => new()
    {
        Id = id,
        Type = type,
        Time = now,
        Tenant = tenant,
        Chain = AuditChain.ForPrincipal(tenant, activation.AllowedBy, now).Id,
        Actors = [activation.AllowedBy],
        Target = $"workflow:{workflow}",
        WorkflowName = workflow,
        WorkflowVersion = activation.Version,
    };

    private static JsonValue Describe(TimeWindow window) => JsonValue.From(string.Create(
        CultureInfo.InvariantCulture, $"{string.Join(' ', window.Days)} {window.From:HH:mm} to {window.Until:HH:mm}"));

    private static string Minute(DateTimeOffset at) => (at.UtcTicks / TimeSpan.TicksPerMinute).ToString(CultureInfo.InvariantCulture);

    private static string Ticks(DateTimeOffset at) => at.UtcTicks.ToString(CultureInfo.InvariantCulture);
}
