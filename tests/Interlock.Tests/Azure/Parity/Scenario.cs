using System.Net;
using System.Net.Http.Headers;
using System.Text;
using Interlock.Core;
using Interlock.Core.Identity;
using Interlock.Json;
using Interlock.Local.Demo;
using Interlock.Tests.Web;

namespace Interlock.Tests.Azure.Parity;

/// <summary>The main job against one host, over HTTP only: everything that a scenario does there, step by step, and what it then sees.</summary>
internal sealed class Scenario : IDisposable
{
    private const string Alert = """
        {"specversion":"1.0","id":"alert-1","source":"/monitoring/demo","type":"com.zendesk.ticket.escalated","data":{
          "id":"4711","subject":"Checkout is down after the release","requester":"customer@example.com",
          "body":"Since release 2026.11.2 of checkout every payment ends in error 500. Please roll back."}}
        """;

    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(2);

    /// <summary>Between two looks at a host that works beside the test; asking without one takes its processor away.</summary>
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly ParityHost _host;
    private readonly HttpClient _http;
    private readonly Dictionary<string, Browser> _browsers = new(StringComparer.Ordinal);

    public Scenario(ParityHost host) => (_host, _http) = (host, new HttpClient { BaseAddress = host.Address });

    public ParityHost Host => _host;

    public Sightings Seen { get; } = new();

    /// <summary>Servers, agent, policy and workflow, with Dana's token, as an operator would.</summary>
    public async Task RegisterAsync(Func<string, string>? workflow = null)
    {
        var servers = _host.Servers;
        foreach (var (name, address) in ((string, Uri)[])[("ticketing", servers.Ticketing), ("remediation", servers.Remediation), ("chat", servers.Chat)])
            await TakenAsync("POST", "/api/registry/servers", JsonValue.Object(("name", name), ("address", address.ToString())).ToString());
        await TakenAsync("POST", "/api/registry/agents", JsonValue.Object(("name", "ticket-classifier"), ("version", "1.0.0"), ("address", servers.Classifier.ToString())).ToString());
        await TakenAsync("PUT", "/api/policy", SampleFiles.Read("policies/incident.yaml"), "application/yaml");
        var text = SampleFiles.Read("workflows/incident-remediation.yaml");
        await TakenAsync("POST", "/api/workflows", workflow is null ? text : workflow(text), "application/yaml");
    }

    /// <summary>A workflow of the namespace test, of this timetable and these tasks.</summary>
    public Task PublishAsync(string name, string text) => TakenAsync("POST", "/api/workflows", $$"""
        document: { dsl: 1.0.3, namespace: test, name: {{name}}, version: 1.0.0, metadata: { interlock: { mode: supervised, onError: fail, onTimeout: fail } } }
        timeout: { after: { hours: 10 } }
        {{text}}
        """, "application/yaml");

    public async Task<RunId> StartAsync(string workflow, JsonValue input)
    {
        Tick();
        var (status, body) = await SendAsync("POST", "/api/runs", JsonValue.Object(("workflow", workflow), ("input", input)).ToString());
        Assert.True(status == HttpStatusCode.Created, $"{workflow}: {body}");
        return new RunId(body["id"]!.AsString());
    }

    /// <summary>The alert through the webhook, twice; the one run that it started.</summary>
    public async Task<RunId> AlertAsync()
    {
        Tick();
        var first = await EventAsync(Alert);
        var second = await EventAsync(Alert);
        Assert.Equal((HttpStatusCode.Accepted, HttpStatusCode.Accepted), (first.Status, second.Status));
        Assert.Equal(0, first.Body["duplicates"]!.AsNumber());
        Assert.Equal(1, second.Body["duplicates"]!.AsNumber());
        return new RunId(Assert.Single(first.Body["runs"]!.Items)["runId"]!.AsString());
    }

    /// <summary>The alert as Event Grid delivers it, twice, where the host takes that; otherwise through the webhook.</summary>
    public async Task<RunId> AlertThroughEventGridAsync()
    {
        if (!_host.TakesFromEventGrid) return await AlertAsync();
        Tick();
        await _host.DeliverAsync(Alert);
        await _host.DeliverAsync(Alert);
        var run = Assert.Single((await JsonAsync("/api/runs"))["runs"]!.Items);
        return new RunId(run["id"]!.AsString());
    }

    /// <summary>The alert through the webhook and, where there is such a trigger, through Event Grid as well.</summary>
    public async Task<RunId> AlertBothWaysAsync()
    {
        var run = await AlertAsync();
        if (_host.TakesFromEventGrid) await _host.DeliverAsync(Alert);
        Assert.Single((await JsonAsync("/api/runs"))["runs"]!.Items);
        return run;
    }

    private Task<(HttpStatusCode Status, JsonValue Body)> EventAsync(string text) =>
        SendAsync("POST", "/api/events", text, "application/cloudevents+json", _host.PublisherToken());

    /// <summary>Waits until the run stands at its nth gate and the gate is on record.</summary>
    public async Task<GateId> GateAsync(RunId run, int number = 1)
    {
        var records = await AuditAsync(run, entries => entries.Count(entry => entry["record"]!["type"]!.AsString() == "gate.opened") >= number);
        var opened = records.Where(entry => entry["record"]!["type"]!.AsString() == "gate.opened").ElementAt(number - 1);
        return new GateId(opened["record"]!["gate"]!.AsString());
    }

    /// <summary>Signs in at the page, looks at the gate and decides there.</summary>
    public async Task DecideAsync(string user, GateId gate, bool approve)
    {
        Tick();
        await SeeAsync($"review as {user}", user, $"/approvals/{gate}");
        using var person = new DemoPerson(_host.Address);
        await person.DecideAsync(new NewUser(user, user, [], [], ParityPlace.PasswordOf(user)), gate, approve, approve ? "The release is the cause." : "Not during the sale.", Token);
    }

    /// <summary>Approves with another argument of the first call; the form sends all calls as they are shown.</summary>
    public async Task EditAsync(string user, GateId gate, string argument, JsonValue value)
    {
        Tick();
        await SeeAsync($"review as {user}", user, $"/approvals/{gate}");
        var calls = (await JsonAsync($"/api/approvals/{gate}"))["calls"]!.Items; // every gate has them
        var fields = calls.Select((call, i) => KeyValuePair.Create($"arguments-{i}", (i == 0 ? call["arguments"]!.With(argument, value) : call["arguments"]!).ToString())).ToDictionary();
        fields["decision"] = "edit";
        fields["edit-reason"] = "Gentler.";
        using var person = new DemoPerson(_host.Address);
        await person.DecideAsync(new NewUser(user, user, [], [], ParityPlace.PasswordOf(user)), gate, fields, Token);
    }

    public async Task ControlAsync(RunId run, string what)
    {
        Tick();
        var (status, body) = await SendAsync("POST", $"/api/runs/{run}/{what}", "{\"reason\":\"As agreed\"}");
        Assert.Equal(HttpStatusCode.Accepted, status);
        Seen.Add($"{what} answered", body);
    }

    /// <summary>Lets time pass: once a little, so that whatever was begun before waits for its time, and then all of it.</summary>
    public async Task PassAsync(TimeSpan time)
    {
        Tick();
        await JsonAsync("/api/runs");
        _host.Time.Advance(time);
    }

    /// <summary>Waits until the run has taken so many events.</summary>
    public Task EventsAsync(RunId run, int count) => UntilAsync($"/api/runs/{run}", body => body["events"]!.AsNumber() >= count);

    /// <summary>Waits until the run's end is on record and told.</summary>
    public async Task EndAsync(RunId run)
    {
        await AuditAsync(run, entries => entries.Any(entry => entry["record"]!["type"]!.AsString() == "run.state" && entry["record"]!["outcome"] is not null));
        await UntilAsync($"/api/runs/{run}", body => body["status"]!.AsString() is not ("running" or "compensating"));
        Tick();
    }

    /// <summary>Everything that can be seen of a run and its surroundings when nothing moves any more.</summary>
    public async Task ObserveAsync(RunId run, params IEnumerable<GateId> gates)
    {
        Seen.Add("run", await JsonAsync($"/api/runs/{run}"));
        foreach (var (index, happened) in (await JsonAsync($"/api/runs/{run}/events"))["events"]!.Items.Index()) Seen.Add($"event {index}", happened);
        foreach (var (index, entry) in (await JsonAsync($"/api/audit/runs/{run}"))["entries"]!.Items.Index()) Seen.Add($"audit {index}", entry);
        Seen.Add("audit export", await TextAsync("/api/audit/export"));
        Seen.Add("verification", (await _host.VerifyAsync()).ToString());
        foreach (var path in (string[])["/api/runs", "/api/approvals?scope=all", "/api/registry", "/api/policy", "/api/workflows", "/api/openapi.json"]) Seen.Add(path, await JsonAsync(path));
        Seen.Add("calls", string.Join("\n", _host.Servers.State.Calls));
        Seen.Add("changes", string.Join("\n", _host.Servers.State.Changes));
        Seen.Add("messages", string.Join("\n", _host.Servers.State.Messages));
        foreach (var user in (string[])["ana", "dana"])
        {
            foreach (var path in (string[])["/", "/runs", $"/runs/{run}", "/approvals"]) await SeeAsync($"{path} as {user}", user, path);
            foreach (var (index, gate) in gates.Index()) await SeeAsync($"review {index} as {user}", user, $"/approvals/{gate}");
        }
    }

    public async Task<JsonValue> JsonAsync(string path)
    {
        var (status, body) = await SendAsync("GET", path);
        Assert.True(status == HttpStatusCode.OK, $"{path}: {body}");
        return body;
    }

    public void Dispose()
    {
        foreach (var browser in _browsers.Values) browser.Dispose();
        _http.Dispose();
    }

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>A second passes between two steps, when nothing moves: what they write can be told apart.</summary>
    private void Tick() => _host.Time.Advance(TimeSpan.FromSeconds(1));

    private async Task SeeAsync(string name, string user, string path)
    {
        if (!_browsers.TryGetValue(user, out var browser)) _browsers.Add(user, browser = new Browser(_host.Address));
        var (status, html, response) = await browser.GetAsync(path);
        if (status == HttpStatusCode.SeeOther)
        {
            var (signedIn, answer, _) = await browser.SignInAsync(user, ParityPlace.PasswordOf(user));
            Assert.True(signedIn == HttpStatusCode.SeeOther, answer);
            (status, html, response) = await browser.GetAsync(path);
        }
        var headers = response.Headers.Concat(response.Content.Headers).Where(header => header.Key is not ("Date" or "Server")).Select(header => $"{header.Key}: {string.Join(", ", header.Value)}");
        Seen.Add(name, $"{(int)status}\n{string.Join("\n", headers.Order(StringComparer.Ordinal))}\n{html}");
    }

    public async Task TakenAsync(string method, string path, string body, string contentType = "application/json")
    {
        var (status, answer) = await SendAsync(method, path, body, contentType);
        Assert.True((int)status < 300, $"{path}: {answer}");
        Seen.Add($"{method} {path} {Seen.Count}", answer);
    }

    private async Task<(HttpStatusCode Status, JsonValue Body)> SendAsync(string method, string path, string? body = null, string contentType = "application/json", string? token = null)
    {
        using var request = new HttpRequestMessage(new HttpMethod(method), path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", token ?? _host.Token("dana"));
        if (body is not null) request.Content = new ByteArrayContent(Encoding.UTF8.GetBytes(body)) { Headers = { ContentType = new MediaTypeHeaderValue(contentType) } };
        using var response = await _http.SendAsync(request, Token);
        return (response.StatusCode, StrictJson.ParseLenient(await response.Content.ReadAsByteArrayAsync(Token)));
    }

    private async Task<string> TextAsync(string path)
    {
        using var request = new HttpRequestMessage(HttpMethod.Get, path);
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", _host.Token("dana"));
        using var response = await _http.SendAsync(request, Token);
        return await response.Content.ReadAsStringAsync(Token);
    }

    /// <summary>The run's audit, once it is as wanted.</summary>
    private async Task<IReadOnlyList<JsonValue>> AuditAsync(RunId run, Func<IReadOnlyList<JsonValue>, bool> wanted) =>
        [.. (await UntilAsync($"/api/audit/runs/{run}", body => wanted([.. body["entries"]!.Items])))["entries"]!.Items];

    /// <summary>Asks until the answer is as wanted. What does not come is a failure, not a wait without end.</summary>
    public async Task<JsonValue> UntilAsync(string path, Func<JsonValue, bool> wanted)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(Token);
        patience.CancelAfter(Patience);
        while (true)
        {
            var body = await JsonAsync(path);
            if (wanted(body)) return body;
            Assert.False(patience.IsCancellationRequested, $"It never got there: {body}");
            await Task.Delay(Pause, Token);
        }
    }
}
