using System.Net.Http.Headers;
using System.Text;
using Interlock.Core;
using Interlock.Core.Audit;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Local.Demo;
using Interlock.Local.Hosting;
using Interlock.Local.Storage;
using Interlock.Samples.DemoServers;

namespace Interlock.EndToEnd;

/// <summary>
/// A data directory with a workflow whose one gate covers one call, the tool's server in this process, and the embedded host in another that kills itself around a
/// commit; it is started again over the same directory as often as it dies. People stay signed in.
/// </summary>
internal sealed class CrashSite : IAsyncDisposable
{
    private static readonly NewUser Dana = new("dana", "Dana", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], "dana's password");

    private const string Policy = """
        version: 1
        rules:
          - { id: post, principals: [ { any: true } ], tools: [chat/post_message], effect: requireApproval, approval: { approvers: [ { group: leads } ], quorum: 1 } }
        """;

    private readonly string _data = Directory.CreateTempSubdirectory("interlock-crash-").FullName;
    private readonly string _url = Installation.FreeUrl();
    private readonly DemoServers _servers;
    private readonly Dictionary<string, DemoPerson> _people = [];
    private HttpClient _api = new();
    private InterlockProcess? _process;

    private CrashSite(DemoServers servers) => _servers = servers;

    public static NewUser Ana { get; } = new("ana", "Ana", [], ["leads"], "ana's password");

    public static NewUser Leo { get; } = new("leo", "Leo", [], ["leads"], "leo's password");

    /// <param name="quorum">How many people must approve.</param>
    /// <param name="onInDoubt">What the document says of a call of which nobody knows whether it happened.</param>
    public static async Task<CrashSite> StartAsync(int quorum, string onInDoubt)
    {
        var site = await StartAsync();
        await site.SendAsync(HttpMethod.Post, "/api/registry/servers", JsonValue.Object(("name", "chat"), ("address", site._servers.Chat.ToString())).ToString());
        await site.SendAsync(HttpMethod.Put, "/api/policy", Policy, "application/yaml");
        await site.SendAsync(HttpMethod.Post, "/api/workflows", Workflow(quorum, onInDoubt), "application/yaml");
        await site.SignInAsync();
        return site;
    }

    /// <summary>A site with a planner of a scripted model, what it may choose, and people who sign in.</summary>
    public static async Task<CrashSite> StartAgentsAsync(string policy, string workflow)
    {
        var site = await StartAsync();
        foreach (var (name, address) in ((string, Uri)[])[("monitoring", site._servers.Monitoring), ("remediation", site._servers.Remediation)])
            await site.SendAsync(HttpMethod.Post, "/api/registry/servers", JsonValue.Object(("name", name), ("address", address.ToString())).ToString());
        await site.SendAsync(HttpMethod.Post, "/api/registry/agents", JsonValue.Object(
            ("name", "planner"), ("version", "1.0.0"), ("address", site._servers.Models.ToString()), ("settings", JsonValue.Object(("protocol", "chat"), ("model", "short-planner")))).ToString());
        await site.SendAsync(HttpMethod.Put, "/api/policy", policy, "application/yaml");
        await site.SendAsync(HttpMethod.Post, "/api/workflows", workflow, "application/yaml");
        await site.SignInAsync();
        return site;
    }

    /// <summary>A site of these workflows, with nothing that they would call.</summary>
    public static async Task<CrashSite> StartAsync(params string[] workflows)
    {
        var site = new CrashSite(await DemoServers.StartAsync(new DemoServersOptions()));
        LocalUsers.Write(site._data, [Ana, Leo, Dana]);
        await site.ServeAsync();
        foreach (var workflow in workflows) await site.SendAsync(HttpMethod.Post, "/api/workflows", workflow, "application/yaml");
        return site;
    }

    /// <summary>A run that waits at its gate; its call is known by this text.</summary>
    public async Task<(RunId Run, GateId Gate)> WaitingAsync(string text)
    {
        var body = await SendAsync(HttpMethod.Post, "/api/runs", JsonValue.Object(("workflow", "test/gated"), ("input", JsonValue.Object(("text", text)))).ToString());
        var run = new RunId(body["id"]!.AsString());
        while (true)
        {
            if (await OpenGateAsync(run) is { } gate) return (run, gate);
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    public async Task<GateId?> OpenGateAsync(RunId run)
    {
        var open = await SendAsync(HttpMethod.Get, "/api/approvals?scope=all");
        return open["approvals"]!.Items.FirstOrDefault(gate => gate["run"]?.StringOrNull() == run.Value) is { } gate ? new GateId(gate["id"]!.AsString()) : null;
    }

    public Task ArmAsync(string when, int at) => _process!.AskAsync($"{when} {at}", $"armed {when} {at}"); // serving since the start

    /// <summary>Decides at the page; true when the page said that it counts, false when the connection broke.</summary>
    public async Task<bool> ClickAsync(NewUser user, GateId gate, params (string Name, string Value)[] fields)
    {
        try
        {
            await _people[user.Id].DecideAsync(gate, fields.ToDictionary(field => field.Name, field => field.Value), TestContext.Current.CancellationToken);
            return true;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }

    /// <summary>The run when it has ended, or null when the process died before.</summary>
    public async Task<JsonValue?> EndAsync(RunId run)
    {
        while (true)
        {
            try
            {
                var state = await SendAsync(HttpMethod.Get, $"/api/runs/{run}");
                if (state["status"]?.StringOrNull() is "completed" or "faulted" or "cancelled") return state;
            }
            catch (HttpRequestException)
            {
                return null;
            }
            await Task.Delay(10, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Lets the process do what is left and end, and starts it anew; true when the trap struck first.</summary>
    public async Task<bool> RestartAsync()
    {
        var code = await _process!.EndAsync("stop"); // serving since the start
        await _process.DisposeAsync();
        await ServeAsync();
        return code != 0;
    }

    /// <summary>How often the tool did its work for this text; a repeat under the same idempotency key does nothing more.</summary>
    public int Effects(string text) => _servers.State.Calls.Count(call => !call.Repeated && call.Arguments["text"]?.StringOrNull() == text);

    /// <summary>How many changes were made.</summary>
    public int Changes => _servers.State.Changes.Count;

    /// <summary>Ends the process, verifies the audit in its store, and gives what it says of gates and calls.</summary>
    public async Task<List<AuditRecord>> AuditAsync()
    {
        await _process!.EndAsync("stop"); // serving since the start
        await using var database = SqliteDatabase.Open(_data);
        var (tables, tenant) = (new SqliteTableStore(database), new TenantId(LocalOptions.Tenant));
        var verified = await AuditVerifier.VerifyStoreAsync(tables, tenant, cancellationToken: TestContext.Current.CancellationToken);
        Assert.True(verified.IsIntact, string.Join('\n', verified.Findings));
        var (log, records) = (new AuditLog(tables), new List<AuditRecord>());
        await foreach (var chain in log.ListChainsAsync(tenant, TestContext.Current.CancellationToken))
            await foreach (var entry in log.ReadAsync(tenant, chain, TestContext.Current.CancellationToken)) records.Add(entry.Record);
        return records;
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var person in _people.Values) person.Dispose();
        _api.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        await _servers.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task SignInAsync()
    {
        foreach (var user in (NewUser[])[Ana, Leo])
        {
            var person = _people[user.Id] = new DemoPerson(new Uri(_url));
            await person.SignInAsync(user, TestContext.Current.CancellationToken);
        }
    }

    private async Task ServeAsync()
    {
        _process = InterlockProcess.StartProgram("Interlock.CrashHost.dll", _data, _url);
        await _process.WaitForLineAsync("serving");
        _api.Dispose();
        _api = new HttpClient { BaseAddress = new Uri(_url) };
        _api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Installation.TokenOf(_data, Dana, TokenClass.Api));
    }

    public async Task<JsonValue> SendAsync(HttpMethod method, string path, string? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        using var response = await _api.SendAsync(request, TestContext.Current.CancellationToken);
        var answer = StrictJson.ParseLenient(await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken));
        Assert.True(response.IsSuccessStatusCode, $"{path}: {answer}");
        return answer;
    }

    private static string Workflow(int quorum, string onInDoubt) => $$"""
        document: { dsl: 1.0.3, namespace: test, name: gated, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        input: { schema: { document: { type: object, required: [text], properties: { text: { type: string } } } } }
        timeout: { after: { hours: 3 } }
        do:
          - approve:
              call: approval
              with: { title: 'Post it?', approvers: [ { group: leads } ], quorum: {{quorum}}, excludeInitiator: true, covers: [post], onReject: fail, expiresAfter: PT1H, onTimeout: fail }
              timeout: { after: { hours: 2 } }
          - post:
              call: tool
              with: { tool: chat/post_message, arguments: { channel: '#x', text: '${ $workflow.input.text }' }, onInDoubt: {{onInDoubt}} }
              timeout: { after: { minutes: 1 } }
        """;
}
