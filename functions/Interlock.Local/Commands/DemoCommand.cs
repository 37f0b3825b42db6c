using System.CommandLine;
using Interlock.Local.Demo;

namespace Interlock.Local.Commands;

/// <summary><c>interlock demo</c>: exit 0 when the run completed, 3 when the gate was rejected, 1 when the run failed.</summary>
internal static class DemoCommand
{
    public static Command Create()
    {
        var yes = new Option<bool>("--yes") { Description = "Approve unattended." };
        var reject = new Option<bool>("--reject") { Description = "Reject unattended; exits 3." };
        var failVerify = new Option<bool>("--fail-verify") { Description = "Let the verification fail after an unattended approval: what was applied is reverted; exits 1." };
        var autonomous = new Option<bool>("--autonomous") { Description = "Show a planner instead, which looks into an incident within a pool, limits and approvals." };
        var misbehave = new Option<bool>("--misbehave") { Description = "With --autonomous: the planner does what it should not, and is held; exits 1." };
        var data = new Option<string?>("--data") { Description = "Keep everything in this directory (default: a temporary one)." };
        var port = new Option<int>("--port") { Description = "The port of the pages (default: a free one)." };
        var command = new Command("demo", "Run a sample workflow with sample servers on this machine.") { yes, reject, failVerify, autonomous, misbehave, data, port };
        command.Validators.Add(result =>
        {
            if (result.GetValue(reject) && (result.GetValue(yes) || result.GetValue(failVerify))) result.AddError("--reject goes with neither --yes nor --fail-verify.");
            if (result.GetValue(misbehave) && !result.GetValue(autonomous)) result.AddError("--misbehave goes with --autonomous.");
            if (result.GetValue(failVerify) && result.GetValue(autonomous)) result.AddError("--fail-verify is of the other workflow: leave --autonomous out.");
        });
        command.SetAction((parsed, cancellation) =>
        {
            var decision = parsed.GetValue(reject) ? DemoDecision.Reject
                : parsed.GetValue(yes) || parsed.GetValue(failVerify) ? DemoDecision.Approve
                : DemoDecision.Person;
            return new DemoRun(new DemoOptions(parsed.GetValue(autonomous) ? new TriageScenario(parsed.GetValue(misbehave)) : new IncidentScenario(), decision, parsed.GetValue(failVerify), parsed.GetValue(data), parsed.GetValue(port)), Console.Out).RunAsync(cancellation);
        });
        return command;
    }
}
