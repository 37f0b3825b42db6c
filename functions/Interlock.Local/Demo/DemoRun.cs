using System.Globalization;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Core.Registry;
using Interlock.Core.Runs;
using Interlock.Http.Upstreams;
using Interlock.Local.Commands;
using Interlock.Local.Hosting;
using Interlock.Samples.DemoServers;
using Microsoft.Extensions.Logging;

namespace Interlock.Local.Demo;

/// <summary>
/// A scenario on this machine: starts the sample servers and the embedded host on loopback, registers and publishes everything,
/// begins a run over HTTP, waits at each gate for a person, and shows what the audit trail recorded.
/// </summary>
internal sealed class DemoRun(DemoOptions options, TextWriter output)
{
    private static readonly TenantId Tenant = new(LocalOptions.Tenant);

    private static readonly TimeSpan FarewellWithoutTerminal = TimeSpan.FromSeconds(5);

    private readonly DemoCast _cast = DemoCast.Create();

    public async Task<int> RunAsync(CancellationToken cancellationToken)
    {
        var own = options.DataDirectory is null ? Directory.CreateTempSubdirectory("interlock-demo-").FullName : null;
        var data = options.DataDirectory ?? own!; // one of the two is set
        try
        {
            Directory.CreateDirectory(data);
            LocalUsers.Write(data, _cast.All);
            using var loggers = LoggerFactory.Create(logging => logging.AddSimpleConsole(console => console.SingleLine = true).SetMinimumLevel(LogLevel.Warning));
            Say("Starting the sample servers and Interlock on loopback …");
            await using var servers = await DemoServers.StartAsync(new DemoServersOptions { FailVerify = options.FailVerify }, cancellationToken);
            await using var services = await LocalServices.OpenAsync(new LocalOptions(data) { Egress = new EgressOptions { AllowLoopback = true } }, loggers, TimeProvider.System, cancellationToken);
            await using var web = await LocalWeb.StartAsync(services, $"http://127.0.0.1:{options.Port.ToString(CultureInfo.InvariantCulture)}", [.. _cast.All.Select(user => user.Id)], loggers, cancellationToken);
            Say($"  Interlock    {web.Address}");
            await RegisterAsync(services, servers, cancellationToken);
            var run = await options.Scenario.StartAsync(services, web, _cast, cancellationToken);
            Say($"  the run      {new Uri(web.Address, $"/runs/{run}")}");
            Say("");
            var state = await FollowAsync(services, web, run, cancellationToken);
            var exit = await ReportAsync(services, servers, state, cancellationToken);
            if (options.Decision == DemoDecision.Person) await LingerAsync(cancellationToken);
            return exit;
        }
        catch (DemoException e)
        {
            await Console.Error.WriteLineAsync(Commands.Output.Plain(e.Message));
            return Commands.Output.Failed;
        }
        finally
        {
            if (own is not null) Directory.Delete(own, recursive: true);
        }
    }

    private async Task RegisterAsync(LocalServices services, DemoServers servers, CancellationToken cancellationToken)
    {
        foreach (var (what, register) in options.Scenario.Registrations(services, servers, _cast)) Registered(what, await register(cancellationToken));
    }

    private void Registered(string what, RegistryResult result)
    {
        switch (result)
        {
            case RegistryResult.Changed changed:
                Say($"  registered   {what}: {string.Join(", ", changed.Entries.Where(entry => entry.Lifecycle == Lifecycle.Active).Select(entry => $"{entry.Name} {entry.Version}"))}");
                break;
            case RegistryResult.Refused refused:
                throw new DemoException($"{what} was refused: {refused.Problem.Title}. {refused.Problem.Detail} A directory that an earlier demo used names servers that are gone: take a new one.");
        }
    }

    private async Task<RunState> FollowAsync(LocalServices services, LocalWeb web, RunId run, CancellationToken cancellationToken)
    {
        var narrator = new DemoNarrator(output);
        RunState? last = null;
        GateId? decided = null;
        await foreach (var state in services.Engine.WatchAsync(Tenant, run, cancellationToken))
        {
            last = state;
            narrator.Tell(state);
            if (state.Pending.Values.OfType<Command.OpenApproval>().FirstOrDefault()?.Gate.Id is not { } gate || gate == decided) continue;
            decided = gate;
            await DecideAsync(services, web, gate, cancellationToken);
        }
        return last ?? throw new InvalidOperationException("The run vanished.");
    }

    private async Task DecideAsync(LocalServices services, LocalWeb web, GateId gate, CancellationToken cancellationToken)
    {
        while (await services.Approvals.FindAsync(Tenant, gate, cancellationToken) is null) await Task.Delay(20, cancellationToken);
        Say($"""

              The gate waits:  {new Uri(web.Address, $"/approvals/{gate}")}
              Sign in as       {_cast.Ana.Id} / {_cast.Ana.Password}   (an SRE lead: may decide)
                               {_cast.Dee.Id} / {_cast.Dee.Password}   (a director: is asked when nobody has decided in time)
                               {_cast.Sam.Id} / {_cast.Sam.Password}   (support: may look, not decide)

            """);
        if (options.Decision == DemoDecision.Person) return;
        var approve = options.Decision == DemoDecision.Approve;
        Say($"  {_cast.Ana.Id} signs in at the page and {(approve ? "approves" : "rejects")} …");
        using var person = new DemoPerson(web.Address);
        await person.DecideAsync(_cast.Ana, gate, approve, approve ? "The release is the cause." : "Not during the sale.", cancellationToken);
    }

    private async Task<int> ReportAsync(LocalServices services, DemoServers servers, RunState state, CancellationToken cancellationToken)
    {
        Say("");
        Say("What the servers saw:");
        foreach (var call in servers.State.Calls) Say($"  {call.Tool} {Commands.Output.Plain(call.Arguments.ToString())}");
        Say("");
        Say("What the audit trail recorded:");
        await DemoTimeline.PrintAsync(services, Tenant, state.Id, output, cancellationToken);
        Say("");
        var verification = await AuditVerifier.VerifyStoreAsync(services.Tables, Tenant, cancellationToken: cancellationToken);
        if (AuditCommand.Report(verification) != Commands.Output.Ok) return Commands.Output.Failed;
        return state.Status == RunStatus.Completed ? Commands.Output.Ok
            : state.Error?.Type == ProblemTypes.GateRejected ? Commands.Output.Rejected
            : Commands.Output.Failed;
    }

    /// <summary>Keeps the pages up for the person at the browser: until Enter, or for a moment where nobody can press it.</summary>
    private async Task LingerAsync(CancellationToken cancellationToken)
    {
        Say("");
        Say("The pages stay up until you press Enter.");
        if (await Console.In.ReadLineAsync(cancellationToken) is null) await Task.Delay(FarewellWithoutTerminal, cancellationToken);
    }

    private void Say(string text) => output.WriteLine(text);
}
