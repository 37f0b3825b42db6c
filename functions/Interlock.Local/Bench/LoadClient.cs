using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;

namespace Interlock.Local.Bench;

/// <summary>
/// One MCP client on one kept-alive HTTP/1.1 connection: a blocking socket and a request that is written once, in which each call changes only its number. The same
/// for every target, and cheap beside all of them. It begins as clients do, with <c>initialize</c>, and keeps the session that it is given.
/// </summary>
internal sealed class LoadClient : IDisposable
{
    private const string Revision = "2025-06-18";
    private const int Digits = 9;
    private const int FirstNumber = 100_000_000;

    private readonly BenchTarget _target;
    private readonly string _token;
    private readonly int _payload;
    private readonly AnswerReader _answer = new();
    private Socket? _socket;
    private byte[] _request = [];
    private int[] _numbers = []; // where the request holds its number
    private byte[] _text = [];
    private byte[] _id = [];
    private int _number = FirstNumber;

    public LoadClient(BenchTarget target, string? token, int payload) => (_target, _token, _payload) = (target, token ?? "", payload);

    /// <summary>Connects and settles revision and session.</summary>
    public void Open()
    {
        Connect();
        var initialize = $$$$"""{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"{{{{Revision}}}}","capabilities":{},"clientInfo":{"name":"interlock-bench","version":"1.0.0"}}}""";
        Exchange(Post(initialize, null));
        if (_answer.Status != 200) throw Wrong("initialize");
        var session = _answer.Session;
        Exchange(Post("""{"jsonrpc":"2.0","method":"notifications/initialized"}""", session));
        if (_answer.Status is < 200 or > 299) throw Wrong("notifications/initialized");
        Prepare(session);
    }

    /// <summary>Makes one call and checks its answer.</summary>
    /// <exception cref="BenchException">The answer is not the one to this call.</exception>
    public void Call()
    {
        _number++;
        foreach (var at in _numbers) Number(_request.AsSpan(at, Digits));
        Number(_text.AsSpan(0, Digits));
        Number(_id.AsSpan(_id.Length - Digits));
        Exchange(_request);
        var body = _answer.Body;
        if (_answer.Status != 200 || body.IndexOf(_text) < 0 || body.IndexOf(_id) < 0 || body.IndexOf("\"isError\":true"u8) >= 0) throw Wrong("tools/call");
    }

    public void Dispose() => _socket?.Dispose();

    private void Prepare(string? session)
    {
        var number = FirstNumber.ToString(CultureInfo.InvariantCulture);
        var text = number + new string('x', Math.Max(0, _payload - Digits));
        _request = Post($$$$"""{"jsonrpc":"2.0","id":{{{{number}}}},"method":"tools/call","params":{"name":"{{{{_target.Tool}}}}","arguments":{"text":"{{{{text}}}}"}}}""", session);
        _text = Encoding.ASCII.GetBytes(text);
        _id = Encoding.ASCII.GetBytes($"\"id\":{number}");
        var first = _request.AsSpan().IndexOf(Encoding.ASCII.GetBytes(number));
        _numbers = [first, first + Digits + _request.AsSpan(first + Digits).IndexOf(Encoding.ASCII.GetBytes(number))];
    }

    private void Number(Span<byte> digits)
    {
        var rest = _number;
        for (var i = Digits - 1; i >= 0; i--, rest /= 10) digits[i] = (byte)('0' + (rest % 10));
    }

    private byte[] Post(string body, string? session)
    {
        var head = new StringBuilder();
        head.Append(CultureInfo.InvariantCulture, $"POST {_target.Url.AbsolutePath} HTTP/1.1\r\nHost: {_target.Url.Authority}\r\nContent-Type: application/json\r\nAccept: application/json, text/event-stream\r\nMCP-Protocol-Version: {Revision}\r\n");
        if (_token.Length > 0) head.Append(CultureInfo.InvariantCulture, $"Authorization: Bearer {_token}\r\n");
        if (session is not null) head.Append(CultureInfo.InvariantCulture, $"Mcp-Session-Id: {session}\r\n");
        head.Append(CultureInfo.InvariantCulture, $"Content-Length: {body.Length}\r\n\r\n{body}");
        return Encoding.ASCII.GetBytes(head.ToString());
    }

    private void Exchange(byte[] request)
    {
        try
        {
            if (_socket is null) Connect();
            var socket = _socket!; // just connected
            for (var sent = 0; sent < request.Length;) sent += socket.Send(request, sent, request.Length - sent, SocketFlags.None);
            _answer.Read(socket);
            if (!_answer.Closes) return;
            socket.Dispose();
            _socket = null;
        }
        catch (SocketException e)
        {
            throw new BenchException($"{_target.Name}: the connection broke: {e.Message}", e);
        }
    }

    private void Connect()
    {
        var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true, ReceiveTimeout = 30_000 };
        try
        {
            socket.Connect(IPAddress.Loopback, _target.Url.Port);
        }
        catch (SocketException e)
        {
            socket.Dispose();
            throw new BenchException($"{_target.Name} takes no connection: {e.Message}", e);
        }
        _socket = socket;
    }

    private BenchException Wrong(string what)
    {
        var body = Encoding.UTF8.GetString(_answer.Body);
        return new BenchException($"{_target.Name} answered {what} wrongly, with status {_answer.Status}: {(body.Length > 600 ? body[..600] : body)}");
    }
}
