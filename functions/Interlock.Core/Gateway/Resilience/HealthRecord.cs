namespace Interlock.Core.Gateway.Resilience;

/// <summary>
/// What the checks of one address say, with hysteresis: down after three failures in a row, up again after two successes. Not checked yet it counts as up; and
/// so it does when its checks ceased, for then nobody would ever find it up.
/// </summary>
internal sealed class HealthRecord(TimeSpan interval, TimeProvider time)
{
    private const int DownAfter = 3;
    private const int UpAfter = 2;
    private const int StaleAfter = 4;
    private const double Spread = 0.1;

    private readonly Lock _lock = new();
    private DateTimeOffset? _checkedAt;
    private DateTimeOffset? _dueAt;
    private bool _isDown;
    private int _contrary;

    public bool IsDown
    {
        get
        {
            lock (_lock) return _isDown && time.GetUtcNow() < _checkedAt + StaleAfter * interval;
        }
    }

    public DateTimeOffset? CheckedAt
    {
        get
        {
            lock (_lock) return _checkedAt;
        }
    }

    /// <summary>Whether it is to be checked now; then the next check is due an interval later, spread by a tenth. The first one is at a random moment of an interval.</summary>
    public bool Takes(double random)
    {
        var now = time.GetUtcNow();
        lock (_lock)
        {
            var isDue = _dueAt <= now;
            if (_dueAt is null) _dueAt = now + random * interval;
            else if (isDue) _dueAt = now + (1 - Spread + 2 * Spread * random) * interval;
            return isDue;
        }
    }

    public void Record(bool isThere)
    {
        lock (_lock)
        {
            _checkedAt = time.GetUtcNow();
            _contrary = isThere == _isDown ? _contrary + 1 : 0;
            if (_contrary < (_isDown ? UpAfter : DownAfter)) return;
            (_isDown, _contrary) = (!_isDown, 0);
        }
    }
}
