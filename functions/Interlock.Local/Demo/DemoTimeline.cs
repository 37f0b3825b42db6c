using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Local.Commands;
using Interlock.Local.Hosting;

namespace Interlock.Local.Demo;

/// <summary>Prints what the audit trail recorded of a run, in the order of its hash chain.</summary>
internal static class DemoTimeline
{
    public static async Task PrintAsync(LocalServices services, TenantId tenant, RunId run, TextWriter output, CancellationToken cancellationToken)
    {
        await output.WriteLineAsync("  seq  time          who                                 what");
        await foreach (var entry in services.Audit.ReadAsync(tenant, AuditChain.ForRun(tenant, run).Id, cancellationToken))
        {
            var record = entry.Record;
            var who = record.Actors switch
            {
                [var first, .., ['a', 'g', 'e', 'n', 't', ':', ..] and var agent] => $"{first} › {agent}",
                [var first, ..] => first,
                _ => "",
            };
            await output.WriteLineAsync(Output.Plain(string.Create(CultureInfo.InvariantCulture, $"  {entry.Seq,3}  {record.Time:HH:mm:ss.fff}  {who,-34}  {What(record)}")));
        }
    }

    private static string What(AuditRecord record) => record.Type switch
    {
        AuditTypes.CallIntent => $"{record.Task?.Name}: intends {record.Target} {record.ToolVersion ?? record.AgentVersion} ({record.Decision}{Gate(record)}; {record.Reason}) args {Short(record.ArgumentsDigest)}",
        AuditTypes.CallOutcome => $"{record.Task?.Name}: {record.Target} {record.Outcome} in {record.DurationMs} ms{(record.ResultDigest is { } digest ? $", result {Short(digest)}" : "")}",
        AuditTypes.CallRefused => $"{record.Task?.Name}: {record.Target} refused at {record.Stage} ({record.Rule}): {record.Reason}",
        AuditTypes.AgentOpened => $"{record.Task?.Name}: agent {record.Target} {record.AgentVersion} {record.Outcome ?? "opened"}",
        AuditTypes.AgentSelection => $"{record.Task?.Name}: chose {record.Target}: {(record.Rule is { } rule ? $"refused ({rule})" : record.Decision)}; {record.Reason}",
        AuditTypes.GateOpened => $"{record.Task?.Name}: gate opened, shows {Short(record.ArgumentsDigest)}",
        AuditTypes.GateVote => $"{record.Task?.Name}: {record.Decision}{(record.Reason is { } reason ? $" ({reason})" : "")} of {Short(record.ArgumentsDigest)}",
        AuditTypes.GateClosed => $"{record.Task?.Name}: gate {record.Outcome}",
        AuditTypes.RunStarted => $"started {record.WorkflowName} {record.WorkflowVersion} ({Short(record.WorkflowDigest)})",
        AuditTypes.RunState => $"run {record.Outcome ?? record.Decision}",
        _ => record.Type,
    };

    private static string Gate(AuditRecord record) => record.Gate is { } gate ? $" at gate {gate.Value[..8]}" : "";

    private static string Short(string? digest) => digest is { Length: > 15 } ? digest[7..15] : "";
}
