using System.Net;
using System.Net.Http.Headers;
using System.Net.Sockets;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Local.Demo;
using Interlock.Local.Hosting;
using Interlock.Samples.DemoServers;

namespace Interlock.EndToEnd;

/// <summary>A data directory with users, the sample servers in this process, and <c>interlock serve</c> in another one that can be killed.</summary>
internal sealed class Installation : IAsyncDisposable
{
    private readonly string _data = Directory.CreateTempSubdirectory("interlock-e2e-").FullName;
    private readonly string _url = FreeUrl();
    private InterlockProcess? _process;

    private Installation(DemoServers servers) => Servers = servers;

    public static NewUser Ana { get; } = new("ana", "Ana", ["approver"], ["sre-leads"], "ana's password");

    public static NewUser Dana { get; } = new("dana", "Dana", ["author", "publisher", "operator", "auditor", "admin"], ["platform"], "dana's password");

    /// <summary>Whom the sample asks when nobody else decides.</summary>
    private static NewUser Dee { get; } = new("dee", "Dee", ["approver"], ["directors"], "dee's password");

    public DemoServers Servers { get; }

    public string DataDirectory => _data;

    public Uri Address => new(_url);

    public HttpClient Api { get; private set; } = new();

    /// <summary>Serving, with the sample servers, the agent, the policy and the workflow registered through <c>/api</c>.</summary>
    public static async Task<Installation> StartAsync(DemoServersOptions? servers = null, Func<string, string>? workflow = null)
    {
        var installation = new Installation(await DemoServers.StartAsync(servers ?? new DemoServersOptions()));
        LocalUsers.Write(installation._data, [Ana, Dana, Dee]);
        await installation.ServeAsync();
        await installation.RegisterAsync(workflow ?? (text => text));
        return installation;
    }

    public async Task ServeAsync()
    {
        _process = InterlockProcess.Start("serve", "--data", _data, "--urls", _url, "--allow-upstream", "loopback");
        await _process.WaitForLineAsync("interlock: serving");
        Api = new HttpClient { BaseAddress = Address };
        Api.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", Token(TokenClass.Api));
    }

    public async Task KillAsync()
    {
        Api.Dispose();
        await _process!.KillAsync(); // serving since the start
    }

    /// <summary>A token of Dana's, valid for an hour from the clock's time.</summary>
    public string Token(TokenClass face, TimeProvider? clock = null) => TokenOf(_data, Dana, face, clock);

    /// <summary>A token for one of a data directory's users, valid for an hour from the clock's time.</summary>
    internal static string TokenOf(string data, NewUser user, TokenClass face, TimeProvider? clock = null)
    {
        using var keys = LocalKeys.Open(data, clock ?? TimeProvider.System);
        var principal = LocalUsers.Load(data).Find(new TenantId(LocalOptions.Tenant), user.Id)!.ToPrincipal(new TenantId(LocalOptions.Tenant)); // the caller wrote it
        return keys.Issuer.Issue(new LocalTokenRequest(principal, face, TimeSpan.FromHours(1)));
    }

    public async Task<(HttpStatusCode Status, JsonValue Body)> SendAsync(HttpMethod method, string path, JsonValue? body = null, string contentType = "application/json")
    {
        using var request = new HttpRequestMessage(method, path);
        if (body is not null)
        {
            request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body.IsString && contentType != "application/json" ? body.AsString() : body.ToString()));
            request.Content.Headers.ContentType = new MediaTypeHeaderValue(contentType);
        }
        using var response = await Api.SendAsync(request, TestContext.Current.CancellationToken);
        var bytes = await response.Content.ReadAsByteArrayAsync(TestContext.Current.CancellationToken);
        return (response.StatusCode, bytes.Length == 0 ? JsonValue.Null : StrictJson.ParseLenient(bytes));
    }

    public Task<(HttpStatusCode Status, JsonValue Body)> AlertAsync(string id, string ticket = "4711") => SendAsync(HttpMethod.Post, "/api/events", JsonValue.Object(
        ("specversion", "1.0"), ("id", id), ("source", "/e2e"), ("type", "com.zendesk.ticket.escalated"),
        ("data", JsonValue.Object(("id", ticket), ("subject", "Checkout is down after the release"), ("requester", "c@example.com"), ("body", "Error 500 since the release; roll back.")))),
        "application/cloudevents+json");

    /// <summary>The id of the one run that the alert started.</summary>
    public async Task<RunId> StartRunAsync()
    {
        var (status, body) = await AlertAsync(Guid.NewGuid().ToString());
        Assert.Equal(HttpStatusCode.Accepted, status);
        var run = Assert.Single(body["runs"]!.Items);
        return new RunId(run["runId"]!.AsString());
    }

    /// <summary>Asks for the run until it is as wanted.</summary>
    public async Task<JsonValue> WaitAsync(RunId run, Func<JsonValue, bool> wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        JsonValue body = JsonValue.Null;
        while (!patience.IsCancellationRequested)
        {
            (_, body) = await SendAsync(HttpMethod.Get, $"/api/runs/{run}");
            if (wanted(body)) return body;
            await Task.Delay(50, TestContext.Current.CancellationToken);
        }
        throw new TimeoutException($"The run never got there: {body}");
    }

    public async Task<GateId> WaitForGateAsync(RunId run)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        patience.CancelAfter(TimeSpan.FromSeconds(60));
        while (true)
        {
            var (_, body) = await SendAsync(HttpMethod.Get, "/api/approvals?scope=all");
            if (body["approvals"]!.Items.FirstOrDefault(gate => gate["run"]?.StringOrNull() == run.Value) is { } gate) return new GateId(gate["id"]!.AsString());
            await Task.Delay(50, patience.Token);
        }
    }

    /// <summary>Decides as a person at the pages would.</summary>
    public async Task DecideAsync(NewUser user, GateId gate, bool approve)
    {
        using var person = new DemoPerson(Address);
        await person.DecideAsync(user, gate, approve, "seen", TestContext.Current.CancellationToken);
    }

    public int CallsTo(string tool) => Servers.State.Calls.Count(call => call.Tool == tool || call.Tool.EndsWith("/" + tool, StringComparison.Ordinal));

    public async ValueTask DisposeAsync()
    {
        Api.Dispose();
        if (_process is not null) await _process.DisposeAsync();
        await Servers.DisposeAsync();
        Directory.Delete(_data, recursive: true);
    }

    private async Task RegisterAsync(Func<string, string> workflow)
    {
        await PostAsync("/api/registry/servers", JsonValue.Object(("name", "ticketing"), ("address", Servers.Ticketing.ToString())));
        await PostAsync("/api/registry/servers", JsonValue.Object(("name", "remediation"), ("address", Servers.Remediation.ToString())));
        await PostAsync("/api/registry/servers", JsonValue.Object(("name", "chat"), ("address", Servers.Chat.ToString())));
        await PostAsync("/api/registry/agents", JsonValue.Object(("name", "ticket-classifier"), ("version", "1.0.0"), ("address", Servers.Classifier.ToString())));
        var (policy, answer) = await SendAsync(HttpMethod.Put, "/api/policy", SampleFiles.Read("policies/incident.yaml"), "application/yaml");
        Assert.True((int)policy < 300, answer.ToString());
        await PostAsync("/api/workflows", workflow(SampleFiles.Read("workflows/incident-remediation.yaml")), "application/yaml");
    }

    private async Task PostAsync(string path, JsonValue body, string contentType = "application/json")
    {
        var (status, answer) = await SendAsync(HttpMethod.Post, path, body, contentType);
        Assert.True((int)status < 300, $"{path}: {(int)status} {answer}");
    }

    /// <summary>An address of this machine where nobody listens.</summary>
    internal static string FreeUrl()
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        return $"http://127.0.0.1:{((IPEndPoint)listener.LocalEndpoint).Port}";
    }
}
