using System.Net.Sockets;
using System.Text;

namespace Interlock.Local.Bench;

/// <summary>Reads one HTTP/1.1 answer from a blocking socket: its status, its session, and its body whatever the framing. Its memory is used again for the next.</summary>
internal sealed class AnswerReader
{
    private byte[] _raw = new byte[16 * 1024];
    private byte[] _body = new byte[16 * 1024];
    private int _filled;
    private int _read;
    private int _length;

    public int Status { get; private set; }

    public string? Session { get; private set; }

    /// <summary>Whether the server ends the connection after this answer.</summary>
    public bool Closes { get; private set; }

    public ReadOnlySpan<byte> Body => _body.AsSpan(0, _length);

    public void Read(Socket socket)
    {
        (_filled, _read, _length) = (0, 0, 0);
        int end;
        while ((end = _raw.AsSpan(0, _filled).IndexOf("\r\n\r\n"u8)) < 0) Fill(socket);
        var head = Encoding.ASCII.GetString(_raw, 0, end + 2);
        _read = end + 4;
        Status = ((head[9] - '0') * 100) + ((head[10] - '0') * 10) + head[11] - '0';
        Session = Header(head, "mcp-session-id") ?? (Status == 200 ? null : Session);
        Closes = string.Equals(Header(head, "connection"), "close", StringComparison.OrdinalIgnoreCase);
        if (Header(head, "transfer-encoding") is not null) ReadChunks(socket);
        else if (Header(head, "content-length") is { } length) Take(socket, int.Parse(length, System.Globalization.CultureInfo.InvariantCulture));
        else if (Status is not (202 or 204)) throw new BenchException("An answer has neither a length nor chunks.");
    }

    private void ReadChunks(Socket socket)
    {
        while (true)
        {
            int line;
            while ((line = _raw.AsSpan(_read, _filled - _read).IndexOf("\r\n"u8)) < 0) Fill(socket);
            var size = 0;
            foreach (var digit in _raw.AsSpan(_read, line))
            {
                if (digit == ';') break;
                size = (size << 4) | Convert.ToInt32(((char)digit).ToString(), 16);
            }
            _read += line + 2;
            if (size > 0) Take(socket, size);
            while (_filled - _read < 2) Fill(socket);
            _read += 2;
            if (size == 0) return;
        }
    }

    private void Take(Socket socket, int count)
    {
        if (_length + count > _body.Length) Array.Resize(ref _body, Math.Max(_body.Length * 2, _length + count));
        while (_filled - _read < count) Fill(socket);
        _raw.AsSpan(_read, count).CopyTo(_body.AsSpan(_length));
        (_read, _length) = (_read + count, _length + count);
    }

    private void Fill(Socket socket)
    {
        if (_filled == _raw.Length) Array.Resize(ref _raw, _raw.Length * 2);
        var received = socket.Receive(_raw, _filled, _raw.Length - _filled, SocketFlags.None);
        if (received == 0) throw new BenchException("The connection ended before the answer did.");
        _filled += received;
    }

    private static string? Header(string head, string name)
    {
        for (var at = head.IndexOf("\r\n", StringComparison.Ordinal); at >= 0 && at + 2 < head.Length; at = head.IndexOf("\r\n", at + 2, StringComparison.Ordinal))
        {
            var start = at + 2;
            if (string.Compare(head, start, name, 0, name.Length, StringComparison.OrdinalIgnoreCase) != 0 || head[start + name.Length] != ':') continue;
            return head[(start + name.Length + 1)..head.IndexOf("\r\n", start, StringComparison.Ordinal)].Trim();
        }
        return null;
    }
}
