"""`python python_backend.py MODEL_DIR LABEL_STUDIO_URL LEGACY_TOKEN`: a plain ML backend in Python, for comparison.

What people write today: MMDetection behind Label Studio's ML-backend protocol, images downloaded one by one with a token.
Prints its own address when the model is loaded. The official example (`mmdetection-3` of label-studio-ml-backend) answers
the first task alone; this one answers all, so that 'Retrieve Predictions' is of use.
"""

from __future__ import annotations

import json
import os
import sys
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

answers = os.fdopen(os.dup(1), 'w', encoding='utf-8')
os.dup2(2, 1)

from forelabel_trainer import mmcv_ops  # noqa: E402

mmcv_ops.install()

import cv2  # noqa: E402
import numpy as np  # noqa: E402
from forelabel_trainer.detector import open_detector  # noqa: E402
from mmdet.apis import inference_detector  # noqa: E402

FOLDER, LABEL_STUDIO, TOKEN = Path(sys.argv[1]), sys.argv[2], sys.argv[3]
VERSION = 'python-backend'
THRESHOLD = 0.3
detector = open_detector(FOLDER / 'config.py', FOLDER / 'checkpoint.pth', 'cpu')
classes = detector.dataset_meta['classes']


def predict(task: dict[str, Any]) -> dict[str, Any]:
    request = urllib.request.Request(LABEL_STUDIO + task['data']['image'], headers={'Authorization': f'Token {TOKEN}'})
    with urllib.request.urlopen(request) as answer:
        image = cv2.imdecode(np.frombuffer(answer.read(), np.uint8), cv2.IMREAD_COLOR)
    height, width = image.shape[:2]
    found = inference_detector(detector, image).pred_instances
    result = [
        {
            'type': 'rectanglelabels',
            'from_name': 'label',
            'to_name': 'image',
            'original_width': width,
            'original_height': height,
            'score': score,
            'value': {
                'x': x1 / width * 100,
                'y': y1 / height * 100,
                'width': (x2 - x1) / width * 100,
                'height': (y2 - y1) / height * 100,
                'rotation': 0,
                'rectanglelabels': [classes[label]],
            },
        }
        for (x1, y1, x2, y2), score, label in zip(found.bboxes.tolist(), found.scores.tolist(), found.labels.tolist(), strict=True)
        if score >= THRESHOLD
    ]
    return {'result': result, 'score': min((region['score'] for region in result), default=0.0), 'model_version': VERSION}


class Handler(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'

    def answer(self, body: dict[str, Any]) -> None:
        data = json.dumps(body).encode()
        self.send_response(200)
        self.send_header('Content-Type', 'application/json')
        self.send_header('Content-Length', str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def do_GET(self) -> None:
        self.answer({'status': 'UP', 'model_class': 'PythonBackend'})

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers.get('Content-Length') or 0)) or '{}')
        if self.path == '/predict':
            self.answer({'results': [predict(task) for task in body['tasks']]})
        else:
            self.answer({'model_version': VERSION})

    def log_message(self, *_args: Any) -> None:
        """Silent."""


def main() -> None:
    server = ThreadingHTTPServer(('127.0.0.1', 0), Handler)
    print(f'http://127.0.0.1:{server.server_address[1]}', file=answers, flush=True)
    server.serve_forever()


if __name__ == '__main__':
    main()
